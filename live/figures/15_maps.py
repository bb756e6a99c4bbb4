"""Maps of the cells of chapter 15 by t-SNE, with several perplexities and starts."""

import numpy as np
from threadpoolctl import threadpool_limits

EXERCISE = "15_maps"
PERPLEXITIES = [2, 5, 30, 100]
STARTS = [["pca", 1], ["random", 1], ["random", 2]]  # with the seed
LONGER = 1000  # what the longer side of a map is scaled to


def kept(run):
    """Return the type and the ten scores of each training cell, and the maps.

    A map has the places [across, up] of the cells, and the shares of mixed and torn neighbours.
    """
    with threadpool_limits(1):  # as the runs of the book
        twin = run.variables("load", "markers", "pca", "neighbours", "tsne")
        scores, lost, maps = twin["scores"], twin["lost"], []
        for perplexity in PERPLEXITIES:
            for start, seed in STARTS:
                found = draw(twin, perplexity, start, seed)
                low, size = found.min(axis=0), np.ptp(found, axis=0).max()
                maps.append(
                    {
                        "perplexity": perplexity,
                        "start": start,
                        "seed": seed,
                        "mixed": round(float(lost(found, scores)), 4),
                        "torn": round(float(lost(scores, found)), 4),
                        "places": ((found - low) / size * LONGER).round().astype(int).tolist(),
                    }
                )
    return {
        "types": [str(one) for one in twin["y_train"]],
        "scores": scores.round(3).tolist(),
        "neighbours": twin["NEIGHBOURS"],
        "near": twin["NEAR"],
        "longer": LONGER,
        "maps": maps,
    }


def draw(twin, perplexity, start, seed):
    """Return a map; it is the twin's own where the twin has it."""
    name = f"tsne_{perplexity}"
    if (start, seed) == ("pca", twin["SEED"]) and name in twin["maps"]:
        return twin["maps"][name][0]
    settings = {"max_iter": twin["ITERATIONS"], "random_state": seed}
    return twin["TSNE"](perplexity=perplexity, init=start, **settings).fit_transform(twin["scores"])
