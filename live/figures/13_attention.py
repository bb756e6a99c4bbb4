"""The transformer of chapter 13."""

EXERCISE = "13_attention"


def kept(run):
    """Return the transformer with positions."""
    return {"model": run.model(0)}
