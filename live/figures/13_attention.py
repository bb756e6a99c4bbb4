"""The transformer of chapter 13, the peptide of its map, and its scores without each residue."""

from deeptwins.paths import ROOT

EXERCISE = "13_attention"


def kept(run):
    """Return the transformer with positions, the first validation peptide and the run's scores."""
    constants = run.record["constants"]
    amps = (ROOT / constants["AMPS"]).read_text(encoding="utf-8").split()
    peptide = next(one for i, one in enumerate(amps) if 5 * i // len(amps) == 3)
    sections = [call["section"] for call in run.calls("predict")]
    without = run.arrays("predictions", sections.index("explain"))[0][: constants["LENGTH"], 0]
    return {
        "model": run.model(0),
        "constants": {name: constants[name] for name in ("AMINO_ACIDS", "LENGTH", "HEADS")},
        "peptide": peptide,
        "run": {
            # Of the whole peptide: the first place is padding, which it can do without.
            "score": round(float(without[0]), 6),
            "without": [round(float(one), 6) for one in without[-len(peptide) :]],
        },
    }
