"""The network of chapter 1, and the flowers that it knows."""

import csv

from deeptwins.paths import ROOT

EXERCISE = "01_first_network"


def kept(run):
    """Return the trained network."""
    return {"model": run.model(0)}


def data():
    """Return the flowers: four lengths in cm and the species of each, with the sets they are in."""
    folder = ROOT / "shared_data" / "iris"
    with (folder / "iris.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    features = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    return [[*(float(row[one]) for one in features), row["species"]] for row in rows]
