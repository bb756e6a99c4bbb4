"""The LSTM of chapter 11, and the vocabulary of its TextVectorization."""

from deeptwins.paths import ROOT

EXERCISE = "11_lstm"


def kept(run):
    """Return the LSTM that read the words in their order, and the words by their numbers."""
    import keras  # the book is made without these two
    import pandas as pd

    constants = run.record["constants"]
    reviews = pd.read_csv(ROOT / constants["REVIEWS"])
    train = reviews[reviews["partition"] == "train"].head(constants["TRAIN"])
    vectorizer = keras.layers.TextVectorization(
        max_tokens=constants["WORDS"], output_sequence_length=constants["LENGTH"]
    )
    vectorizer.adapt(train["text"].to_numpy())
    return {
        "model": run.model(0),
        "words": " ".join(vectorizer.get_vocabulary()[1:]),  # the first is the padding
        "constants": {name: constants[name] for name in ("SENTENCES", "LENGTH", "LABELS")},
    }
