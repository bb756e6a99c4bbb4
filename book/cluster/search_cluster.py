"""A search as many jobs: of a cluster with SLURM, or of this machine.

python search_cluster.py local      train what is missing, here
python search_cluster.py submit     train what is missing, by SLURM
python search_cluster.py collect    show what has been found
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

TUMOURS = "shared_data/nuclei/nuclei.csv"
FOLDS_OF = "shared_data/search/folds.csv"
CONFIGURATIONS = "shared_data/search/configurations.csv"
FOUND = Path("search_found")  # a folder that all nodes see
SEED = 1
FOLDS = 5
BATCH_SIZE = 64
EPOCHS = 15
TRIES = 2
RESOURCES = ["--time=00:10:00", "--mem=3G", "--cpus-per-task=1"]

configurations = pd.read_csv(CONFIGURATIONS).set_index("id")


def train(name):
    """Cross-validate one configuration, and keep its losses."""
    import keras  # takes seconds, and only a task needs it

    print(f"{name}: process {os.getpid()}", flush=True)
    one = configurations.loc[name]
    rows = pd.read_csv(TUMOURS).merge(pd.read_csv(FOLDS_OF))
    fold = rows["fold"].to_numpy()
    y = (rows["diagnosis"] == "malignant").to_numpy(int)
    x = rows.drop(columns=["row", "diagnosis", "fold"])
    x = x.to_numpy("float32").copy()
    losses = {}
    for left_out in range(1, FOLDS + 1):
        learn = (fold > 0) & (fold != left_out)
        ask = fold == left_out
        keras.utils.set_random_seed(SEED)
        scaler = keras.layers.Normalization()
        scaler.adapt(x[learn])
        model = keras.Sequential([
            scaler,
            keras.layers.Dense(int(one["units"]), "relu"),
            keras.layers.Dropout(one["dropout"]),
            keras.layers.Dense(1, "sigmoid")])
        model.compile(keras.optimizers.Adam(one["learning_rate"]),
                      "binary_crossentropy")
        model.fit(x[learn], y[learn], batch_size=BATCH_SIZE,
                  epochs=EPOCHS, verbose=0)
        losses[left_out] = model.evaluate(x[ask], y[ask], verbose=0)
    # Whole or not at all: a job may be killed while it writes.
    part = FOUND / f"{name}.part"
    pd.Series(losses, name="loss").to_csv(part, index_label="fold")
    part.replace(FOUND / f"{name}.csv")


def missing():
    """Return the configurations without a result."""
    FOUND.mkdir(exist_ok=True)
    done = [one for one in configurations.index
            if (FOUND / f"{one}.csv").exists()]
    print("there already:", *done, flush=True)
    return configurations.index.drop(done)


def local():
    """Train one configuration after the other, each in a process."""
    for name in missing():
        for attempt in range(1, TRIES + 1):
            print(f"{name}: attempt {attempt}", flush=True)
            job = [sys.executable, __file__, "train", name]
            if subprocess.run(job).returncode == 0:
                break
        else:
            sys.exit(f"{name} failed {TRIES} times. Its messages "
                     "stand above.")


def submit():
    """Give SLURM a job for each configuration without a result."""
    if not shutil.which("sbatch"):
        sys.exit("There is no sbatch here. Run this on the login "
                 "node of a cluster, or run: "
                 "python search_cluster.py local")
    queue = subprocess.run(
        ["squeue", "--me", "--noheader", "--format=%j"],
        check=True, capture_output=True, text=True).stdout.split()
    for name in missing().drop(queue, errors="ignore"):
        subprocess.run(
            ["sbatch", f"--job-name={name}", "--requeue",
             f"--output={FOUND}/{name}.log", *RESOURCES,
             f"--wrap={sys.executable} {__file__} train {name}"],
            check=True)


def collect():
    """Show mean and standard error of what has been found."""
    lost = missing()
    losses = pd.DataFrame({
        one: pd.read_csv(FOUND / f"{one}.csv")["loss"]
        for one in configurations.index.drop(lost)})
    table = configurations.drop(lost).assign(
        loss=losses.mean(), se=losses.sem())
    print(table.sort_values("loss").round(3))
    if len(lost):
        sys.exit(f"missing: {' '.join(lost)}")


tasks = {"local": local, "submit": submit, "collect": collect,
         "train": train}
if len(sys.argv) < 2 or sys.argv[1] not in tasks:
    sys.exit(__doc__)
tasks[sys.argv[1]](*sys.argv[2:])
