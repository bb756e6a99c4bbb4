"""The overfitted networks of chapter 4, and those that early stopping ended."""

EXERCISE = "04_curves"


def kept(run):
    """Return the cross-entropy after each epoch, as the section `curves` draws it."""
    histories = {call["section"]: call["history"] for call in run.calls("fit")}
    names = {"training": "binary_crossentropy", "validation": "val_binary_crossentropy"}
    return {
        kind: {name: histories[kind][column] for name, column in names.items()}
        for kind in ("overfit", "stop")
    }
