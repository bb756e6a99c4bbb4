"""The LSTM of chapter 11."""

EXERCISE = "11_lstm"


def kept(run):
    """Return the LSTM that read the words in their order."""
    return {"model": run.model(0)}
