"""Make shared_data/cells: drawn red blood cells, half of them with malaria parasites.

    python shared_data/make/cells.py [--seed N] [--infected N] [--healthy N] [--into FOLDER]

Another seed gives other people: what is chosen on their cells is not chosen on
the test set. `--into` leaves shared_data alone.
"""

import argparse
import shutil
from pathlib import Path
from statistics import NormalDist

import numpy as np
from cards import write_card
from PIL import Image, ImageDraw, ImageFilter

from deeptwins.paths import SHARED

SEED = 20215
INFECTED, HEALTHY = 24, 16  # people
# Cells with and without parasites of an infected person; cells of a healthy one.
# Infected people have both, as in the NIH's set, and the classes are equally large.
WITH, WITHOUT, CLEAN = 8, 2, 9
PER_PHOTO = 3
FINE = 2  # drawn at twice the size
LEVELS = 3  # colours in steps of 3, so that the files stay small

PINK, VIOLET = np.array([214.0, 160, 152]), np.array([168.0, 112, 160])
PURPLE, WHITE = np.array([120.0, 30, 120]), np.array([250.0, 240, 235])


def stain(rng: np.random.Generator, infected: bool, rank: float) -> dict:
    """Return how the slide of one person is stained, who has this rank in the group.

    From pink to violet, by 0.1 more violet on slides with parasites, where the
    spread between people is 0.4: colour says a little, and it says who it is.
    The people of a group stand at even ranks from 0 to 1, so that the groups
    differ by just that and not by the luck of the draw.
    """
    share = np.clip((0.52 if infected else 0.42) + 0.4 * NormalDist().inv_cdf(rank), -0.3, 1.3)
    return {
        "cell": PINK + share * (VIOLET - PINK) + rng.normal(0, 18, 3),
        "parasite": PURPLE + rng.normal(0, 12, 3),
        "pallor": rng.uniform(0, 0.3),
        "rough": rng.uniform(0.01, 0.05),
        "blur": rng.uniform(0.007, 0.013),
    }


class Cell:
    """A red blood cell in the making: an image with values from 0 to 255, N pixels wide."""

    def __init__(self, rng: np.random.Generator, who: dict) -> None:
        self.rng, self.who = rng, who
        self.size = int(rng.integers(62, 112))
        self.wide = self.size * FINE
        self.middle = (self.wide - 1) / 2
        self.rows, self.columns = (np.mgrid[: self.wide, : self.wide] - self.middle) / self.middle
        self.inside = self.outline()
        self.colour = who["cell"] + rng.normal(0, 4, 3)
        self.pixels = np.ones((self.wide, self.wide, 3)) * self.colour
        self.shade()

    def outline(self) -> np.ndarray:
        """Return where the cell is: a wavy disc, sometimes with a bite taken by a neighbour."""
        rng, angle = self.rng, np.arctan2(self.rows, self.columns)
        edge = np.full_like(angle, 0.93)
        for waves in range(2, 8):
            height = self.who["rough"] * rng.normal() * (1.6 if waves == 2 else 2.2 / waves)
            edge += height * np.cos(waves * angle + rng.uniform(0, 2 * np.pi))
        inside = np.hypot(self.rows, self.columns) < np.minimum(edge, 1)
        if rng.random() < 0.25:
            turn, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.7)
            far = rng.uniform(0.8, 0.95) + 0.7 * radius
            y, x = self.rows - far * np.sin(turn), self.columns - far * np.cos(turn)
            inside &= np.hypot(y, x) > radius
        return inside

    def shade(self) -> None:
        """Make the middle pale and the colour uneven."""
        rng = self.rng
        y, x = rng.normal(0, 0.1, 2)
        far = np.hypot(self.rows - y, self.columns - x) / rng.uniform(0.25, 0.45)
        pale = np.exp(-(far**2)) * self.who["pallor"] * rng.uniform(0.3, 1.4)
        self.pixels += (245 - self.pixels) * pale[..., None]
        rim = np.clip(np.hypot(self.rows, self.columns) - 0.6, 0, 1)
        self.pixels *= (1 - 0.12 * rim * rng.uniform(0, 2))[..., None]
        patches = Image.fromarray((255 * rng.random((5, 5))).astype("uint8"))
        patches = np.asarray(patches.resize((self.wide, self.wide), Image.BICUBIC)) / 255 - 0.5
        self.pixels *= (1 + 0.1 * patches)[..., None]

    def place(self, reach: float) -> np.ndarray:
        """Return a random point (x, y) in pixels, up to `reach` radii from the middle."""
        turn, far = self.rng.uniform(0, 2 * np.pi), reach * np.sqrt(self.rng.random())
        return self.middle * (1 + far * np.array([np.cos(turn), np.sin(turn)]))

    def paint(self, draw, colour: np.ndarray, strength: float, blur: float) -> None:
        """Let `draw` mark an area; blend the colour in there, softened at its border."""
        area = Image.new("L", (self.wide, self.wide))
        draw(ImageDraw.Draw(area))
        area = area.filter(ImageFilter.GaussianBlur(blur * self.wide))
        share = np.clip(1.3 * np.asarray(area) / 255, 0, 1) * min(1, strength)
        self.pixels += (colour - self.pixels) * share[..., None]

    def spot(self, at: np.ndarray, radius: float, colour, strength: float, blur: float) -> None:
        """Paint a disc."""
        box = [*(at - radius * self.wide), *(at + radius * self.wide)]
        self.paint(lambda pen: pen.ellipse(box, fill=255), colour, strength, blur)

    def dirt(self) -> None:
        """Add what is no parasite: specks of stain, scratches, bright pits."""
        rng, purple = self.rng, self.who["parasite"]
        while rng.random() < 0.35:
            colour = purple * rng.uniform(0.9, 1.25) + rng.normal(0, 10, 3)
            radius, blur = rng.uniform(0.025, 0.07), rng.uniform(0.01, 0.035)
            self.spot(self.place(0.8), radius, colour, rng.uniform(0.3, 0.8), blur)
        while rng.random() < 0.25:
            at, turn = self.place(0.7), rng.uniform(0, np.pi)
            half = rng.uniform(0.06, 0.2) * self.wide * np.array([np.cos(turn), np.sin(turn)])
            ends = [*(at - half), *(at + half)]
            width = max(1, round(0.02 * self.wide))
            self.paint(
                lambda pen, ends=ends, width=width: pen.line(ends, fill=255, width=width),
                1.15 * purple,
                rng.uniform(0.15, 0.5),
                0.012,
            )
        while rng.random() < 0.2:
            colour = WHITE if rng.random() < 0.6 else 0.8 * self.colour
            self.ring(self.place(0.6), rng.uniform(0.06, 0.12), 0, 360, colour, 0.5)

    def ring(self, at, radius, start, end, colour, strength) -> None:
        """Paint an open or closed ring; angles in degrees."""
        box = [*(at - radius * self.wide), *(at + radius * self.wide)]
        width = max(2, round(self.rng.uniform(0.018, 0.032) * self.wide))
        self.paint(
            lambda pen: pen.arc(box, start, end, fill=255, width=width),
            colour,
            strength,
            self.who["blur"],
        )

    def parasite(self) -> None:
        """Add a parasite: mostly a ring with a dark dot or two, else a smudge with a dot."""
        rng, purple = self.rng, self.who["parasite"]
        at, radius = self.place(0.65), rng.uniform(0.10, 0.16)
        strength = rng.uniform(0.5, 1)
        if rng.random() < 0.75:
            start, gap = rng.uniform(0, 360), rng.uniform(0, 120)
            self.ring(at, radius, start + gap, start + 360, 1.1 * purple, 0.85 * strength)
            for _ in range(1 + (rng.random() < 0.25)):
                turn = np.radians(start + rng.uniform(-30, 30))
                dot = at + radius * self.wide * np.array([np.cos(turn), np.sin(turn)])
                size = rng.uniform(0.035, 0.055)
                self.spot(dot, size, 0.75 * purple, 1.15 * strength, self.who["blur"])
        else:
            for _ in range(4):
                near = at + rng.normal(0, 0.45 * radius * self.wide, 2)
                size = radius * rng.uniform(0.3, 0.6)
                self.spot(near, size, 1.15 * purple, 0.35 * strength, 0.018)
            self.spot(at, rng.uniform(0.035, 0.055), 0.75 * purple, strength, self.who["blur"])

    def image(self) -> Image.Image:
        """Return the finished picture, black around the cell as in the published ones."""
        shape = (self.size, FINE, self.size, FINE)
        pixels = self.pixels.reshape(*shape, 3).mean(axis=(1, 3))
        inside = self.inside.reshape(shape).mean(axis=(1, 3)) > 0.5
        soft = Image.fromarray(inside).convert("L").filter(ImageFilter.GaussianBlur(1.2))
        rim = np.clip(1.1 - 1.1 * np.asarray(soft) / 255, 0, 0.7)
        pixels += (WHITE - 20 - pixels) * rim[..., None]
        pixels += self.rng.normal(0, 1.2, (self.size, self.size, 1))
        pixels = (pixels.clip(LEVELS, 255) // LEVELS * LEVELS).astype("uint8")
        pixels[~inside] = 0
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        return Image.fromarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def draw_cell(rng: np.random.Generator, who: dict, parasites: bool) -> Image.Image:
    """Draw one cell of a person, with dirt, and with parasites or without."""
    one = Cell(rng, who)
    one.dirt()
    if parasites:
        for _ in range(1 + (rng.random() < 0.4)):
            one.parasite()
    return one.image()


def draw(folder: Path, seed: int, infected: int, healthy: int) -> None:
    """Draw the cells of all people into two class folders, and a new cell beside them."""
    rng = np.random.default_rng(seed)
    for label in ("Parasitized", "Uninfected"):
        (folder / "images" / label).mkdir(parents=True, exist_ok=True)
    for number, place in enumerate(rng.permutation(infected + healthy)):
        ill = bool(place < infected)
        rank = (place + 0.5) / infected if ill else (place - infected + 0.5) / healthy
        who = stain(rng, ill, rank)
        kinds = [True] * WITH + [False] * WITHOUT if ill else [False] * CLEAN
        for cell, parasites in enumerate(rng.permutation(kinds)):
            if cell % PER_PHOTO == 0:
                photo = f"{9 + cell // PER_PHOTO % 14:02d}{rng.integers(60):02d}{cell % 60:02d}"
            date = f"2015{1 + number // 28 % 12:02d}{1 + number % 28:02d}"
            name = f"C{140 + number}P{201 + number}ThinF_IMG_{date}_{photo}_cell_{cell + 1}.png"
            label = "Parasitized" if parasites else "Uninfected"
            image = draw_cell(rng, who, bool(parasites))
            image.save(folder / "images" / label / name, optimize=True)
    new = draw_cell(rng, stain(rng, True, 0.5), True)
    new.save(folder / "new_cell.png", optimize=True)


def main() -> None:
    """Draw the set and write its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--infected", type=int, default=INFECTED, help="people")
    parser.add_argument("--healthy", type=int, default=HEALTHY, help="people")
    parser.add_argument("--into", type=Path, help="a folder other than shared_data/cells")
    options = parser.parse_args()
    folder = options.into or SHARED / "cells"
    if not options.into:
        shutil.rmtree(folder, ignore_errors=True)
    draw(folder, options.seed, options.infected, options.healthy)
    if options.into:
        return
    write_card(
        "cells",
        title="Drawn red blood cells, with and without malaria parasites",
        origin="Drawn by the course, after the look of the NIH's thin blood smears "
        "(S. Rajaraman et al. 2018, Pre-trained convolutional neural networks as feature "
        "extractors toward improved malaria parasite detection in thin blood smear images, "
        "PeerJ 6:e4568). No picture of theirs is in it.",
        licence="CC0 1.0",
        made=f"{INFECTED} infected people with {WITH} cells with parasites and {WITHOUT} without, "
        f"and {HEALTHY} healthy people with {CLEAN} cells each, named as in the original: "
        "`C141P202…` is person 202 on slide 141. As in the original, infected people have cells "
        "in both folders. Each person's slide has a stain of its own, from pink to violet, at "
        "even steps within each group; those of infected people are more violet by a quarter of "
        "the spread between people, so that colour says a little about the class and much about "
        "the person. Specks, scratches and pits lie on cells of both classes; parasites are open "
        "rings with a dark dot, or smudges, some of them faint. new_cell.png is a cell with "
        f"parasites of one more person; seed {SEED}",
        by="cells.py",
        path="images",
        full={
            "name": "malaria_cells",
            "path": "malaria_cells",
            "get": "deeptwins data fetch malaria_cells",
            "origin": "NIH, National Library of Medicine: 27,558 cells from thin blood smears "
            "(Rajaraman et al. 2018)",
            "licence": "none stated with the images; the NIH asks to be cited",
        },
    )


if __name__ == "__main__":
    main()
