"""The network of chapter 12, and what it lost where a residue was replaced."""

EXERCISE = "12_cnn_lstm"


def kept(run):
    """Return the network that was trained on whole peptides, and the run's occlusion."""
    constants = run.record["constants"]
    sections = [call["section"] for call in run.calls("predict")]
    p = run.arrays("predictions", sections.index("predict"))[0][:, 0]
    lost = p[0] - p[1:].reshape(-1, 20).mean(axis=1)
    return {
        "model": run.model(0),
        "constants": {name: constants[name] for name in ("PEPTIDE", "AMINO_ACIDS", "LENGTH")},
        "run": {
            "score": round(float(p[0]), 6),
            "lowest": round(float(p.min()), 6),
            "lost": [round(float(one), 6) for one in lost],
        },
    }
