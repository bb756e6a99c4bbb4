"""A matplotlib backend that keeps each shown figure as a file.

The driver chooses it by MPLBACKEND=module://deeptwins.runs.figures; `plt.show()`
then writes figures/<section>-<number>.png in the working directory.
"""

from pathlib import Path

from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from deeptwins import sections
from deeptwins.runs import capture

__all__ = ["FigureCanvas", "show"]


def show(*args: object, **options: object) -> None:
    """Write every open figure to a file, and close it."""
    folder = Path("figures")
    folder.mkdir(exist_ok=True)
    name = sections.slug(capture.noted.section)
    for manager in Gcf.get_all_fig_managers():
        count = len(list(folder.glob(f"{name}-*.png"))) + 1
        figure = manager.canvas.figure
        # As large as its figsize, as R's figures are.
        figure.savefig(folder / f"{name}-{count}.png", bbox_inches=figure.bbox_inches)
    Gcf.destroy_all()
