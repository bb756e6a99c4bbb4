"""Draw what the search of chapter 18 costs: measured on one machine, and calculated beyond."""

from math import ceil

import matplotlib.pyplot as plt
import yaml

from deeptwins.paths import BOOK

CONFIGURATIONS, FOLDS = 6, 5
MORE_WORKERS, MORE_FOLDS = (4, 8, 15, 30), (10, 20)
NAMES = {"python": ("Python", "#0072B2", "o"), "r": ("R", "#D55E00", "s")}
content = yaml.safe_load((BOOK / "search_cost.yml").read_text(encoding="utf-8"))
seconds = {
    (one["language"], one["folds"], one["workers"]): one["seconds"] for one in content["measured"]
}

fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.5), sharey=True)
for language, (name, colour, marker) in NAMES.items():
    one, two = (seconds[language, FOLDS, workers] for workers in (1, 2))
    tasks = CONFIGURATIONS * FOLDS
    # All workers start together, then each has its share: one = start + tasks * task,
    # two = start + tasks / 2 * task.
    task = 2 * (one - two) / tasks
    start = one - tasks * task

    def cost(workers, folds, start=start, task=task):
        return start + ceil(CONFIGURATIONS * folds / workers) * task

    known = {"color": colour, "marker": marker, "linestyle": "none"}
    beyond = known | {"markerfacecolor": "none"}
    axes[0].plot([1, 2], [one, two], **known, label=f"{name}, measured")
    axes[0].plot(
        MORE_WORKERS, [cost(n, FOLDS) for n in MORE_WORKERS], **beyond, label=f"{name}, calculated"
    )
    axes[1].plot([3, FOLDS], [seconds[language, folds, 2] for folds in (3, FOLDS)], **known)
    axes[1].plot(MORE_FOLDS, [cost(2, folds) for folds in MORE_FOLDS], **beyond)
    print(f"{name}: {one:.1f} s, {two:.1f} s; start {start:.1f} s, a task {task:.2f} s")
axes[0].set_xscale("log", base=2)
axes[0].set_xticks([1, 2, *MORE_WORKERS], [1, 2, *MORE_WORKERS])
axes[0].set(xlabel="workers, with 5 folds", ylabel="seconds", ylim=(0, None))
axes[1].set_xticks([3, FOLDS, *MORE_FOLDS], [3, FOLDS, *MORE_FOLDS])
axes[1].set_xlabel("folds, with 2 workers")
axes[0].legend(fontsize=8)
fig.savefig(BOOK / "images" / "18_cost.svg", metadata={"Date": None})
