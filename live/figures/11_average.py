"""The averaging network of chapter 11, for 11_review.js, in a file of its own for its size."""

EXERCISE = "11_lstm"


def kept(run):
    """Return the network that averages the vectors of the words."""
    return {"model": run.model(2)}
