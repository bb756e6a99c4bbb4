"""The network of chapter 12."""

EXERCISE = "12_cnn_lstm"


def kept(run):
    """Return the network that was trained on whole peptides."""
    return {"model": run.model(0)}
