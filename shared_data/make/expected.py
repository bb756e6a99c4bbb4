"""Make the expected bands: run the Python twins with many seeds and keep their metrics.

    python shared_data/make/expected.py [ID ...] [--seeds 20] [--data mini]

The twin's own seed is the first; the others follow it. The bands serve both
languages, since verify shows that R and Python agree bit by bit.
"""

import argparse
import datetime
import os
import platform
import tempfile
from pathlib import Path

from deeptwins import bands, catalog, record, runner


def cpu() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def runs(exercise: str, variant: str, seeds: list[int]) -> list[dict]:
    """Return the records of one exercise over seeds, run in a folder of its own."""
    records = []
    for number in seeds:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["DEEPTWINS_RESULTS"] = folder
            outcome = runner.run_twin(exercise, "python", variant=variant, seed=number)
            if not outcome.ok:
                lines = "\n".join(outcome.last_lines)
                raise SystemExit(f"{exercise}, seed {number}: {outcome.problem}\n{lines}")
            records.append(record.read(exercise, "python"))
        print(f"{exercise}: seed {number}, {outcome.seconds:.1f} s", flush=True)
    return records


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("ids", nargs="*", metavar="ID")
parser.add_argument("--seeds", type=int, default=20, help=f"at least {bands.MINIMUM_SEEDS}")
parser.add_argument("--data", choices=("mini", "full"), default="mini")
options = parser.parse_args()

for name in catalog.find(options.ids, solutions=True):
    found = runs(name, options.data, list(range(1, options.seeds + 1)))
    first = found[0]
    content = {
        "networks": bool(first["networks"]),
        "seeds": [one["seed"] for one in found],
        "coverage": bands.COVERAGE,
        "metrics": {
            metric: bands.band(metric, [one["metrics"][metric] for one in found])
            for metric in first["metrics"]
        },
        "versions": first["versions"],
        "settings": first["settings"],
        "machine": f"{first['machine']}, {cpu()}",
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }
    print("wrote", bands.write(name, options.data, content))
