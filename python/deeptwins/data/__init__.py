"""The data sets: what ships, with its cards, and the originals in the data home."""
