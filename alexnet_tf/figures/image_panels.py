"""Drawings as in the paper's Figure 4: images with their predictions, and with their nearest neighbours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alexnet_tf.figures.look import DARK, GREY, PALETTE, caption, title

COLUMNS = 4
RIGHT, OTHER, SAME = PALETTE[1], PALETTE[5], PALETTE[2]
# Letters that fit above a classified image or on a bar, and above a query or neighbour.
WIDE, NARROW = 24, 15
# In inches: width (SIDE) and height (CELL) of a cell, which contains an image, its name and a gap; then the
# figure's top, bottom and side margins.
SIDE, CELL, TOP, BOTTOM, MARGIN = 0.98, 1.16, 0.7, 0.62, 0.12
# Gap to the left of the neighbours in each space (pixels or a layer's features), in multiples of SIDE.
SPACE = 0.22
NORMAL, SMALL = 8, 6.5


@dataclass(frozen=True)
class Predicted:
    """An image and a network's predictions for it.

    Attributes:
        image: uint8 [height, width, 1 or 3].
        best: (class, probability), most probable first.
        right: index of the correct class in `best`; None if it is not in `best` or unknown.
    """

    image: np.ndarray
    heading: str
    best: Sequence[tuple[str, float]]
    right: int | None = None


@dataclass(frozen=True)
class Neighbourhood:
    """A query's neighbours in one space, nearest first.

    Attributes:
        images: uint8 [count, height, width, 1 or 3].
        names: names of the neighbours' classes or files.
        same: whether each neighbour is known to have the query's class.
    """

    images: np.ndarray
    names: Sequence[str]
    same: Sequence[bool]


def predictions_figure(predicted: Sequence[Predicted], headline: str, about: str) -> Figure:
    """Draws images above the bars of their predictions."""
    columns = min(COLUMNS, len(predicted))
    rows = math.ceil(len(predicted) / columns)
    figure = Figure(figsize=(max(2.3 * columns, 4.0), 3.4 * rows + 0.9), layout="constrained")
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[2.0, 1.2] * rows)
    for place, one in enumerate(predicted):
        row, column = divmod(place, columns)
        _show(figure.add_subplot(grid[2 * row, column]), one.image, shortened(one.heading, WIDE), NORMAL)
        _draw_bars(figure.add_subplot(grid[2 * row + 1, column]), one)
    title(figure, headline)
    caption(figure, about)
    return figure


def neighbours_figure(
    queries: np.ndarray,
    names: Sequence[str],
    spaces: dict[str, Sequence[Neighbourhood]],
    headline: str,
    about: str,
) -> Figure:
    """Draws one query per row with its neighbours in each space; neighbours of the query's class are framed.

    Args:
        queries: uint8 [q, height, width, 1 or 3].
        names: names of the queries' classes or files.
        spaces: heading of a space -> the neighbours of each query.
    """
    count = len(next(iter(spaces.values()))[0].names)
    width = 2 * MARGIN + SIDE * (1 + len(spaces) * (count + SPACE))
    height = TOP + CELL * len(queries) + BOTTOM
    figure = Figure(figsize=(width, height))

    def cell(row: int, left: float) -> Axes:
        """Places axes by hand, which is faster than a grid of axes; `left` is in multiples of SIDE."""
        x, y = MARGIN + SIDE * left, height - TOP - CELL * (row + 1)
        return figure.add_axes((x / width, y / height, 0.93 * SIDE / width, 0.93 * SIDE / height))

    def head(left: float, text: str) -> None:
        x, y = (MARGIN + SIDE * left) / width, (height - TOP + 0.07) / height
        figure.text(x, y, text, fontsize=9, fontweight="bold", color=DARK, va="bottom", parse_math=False)

    head(0, "query")
    for row, (image, name) in enumerate(zip(queries, names, strict=True)):
        _show(cell(row, 0), image, shortened(name, NARROW), SMALL)
    for place, (heading, neighbourhoods) in enumerate(spaces.items()):
        left = 1 + SPACE + place * (count + SPACE)
        head(left, heading)
        for row, one in enumerate(neighbourhoods):
            for column, (image, name) in enumerate(zip(one.images, one.names, strict=True)):
                axes = cell(row, left + column)
                _show(axes, image, shortened(name, NARROW), SMALL, frame=bool(one.same[column]))
    title(figure, headline)
    caption(figure, about)
    return figure


def shortened(name: str, letters: int) -> str:
    """The name, cut to at most `letters` characters.

    Example:

    >>> shortened("soft-coated wheaten terrier", 24)
    'soft-coated wheaten ter…'
    """
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _show(axes: Axes, image: np.ndarray, heading: str, fontsize: float, frame: bool = False) -> None:
    grey = image.shape[-1] == 1
    axes.imshow(image[..., 0] if grey else image, cmap="gray", vmin=0, vmax=255, interpolation="lanczos")
    axes.set_title(heading, loc="center", color=DARK, fontsize=fontsize, pad=3, parse_math=False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=frame, color=SAME, linewidth=3)


def _draw_bars(axes: Axes, one: Predicted) -> None:
    names, probabilities = zip(*one.best, strict=True)
    heights = range(len(names))
    colors = [RIGHT if place == one.right else OTHER for place in heights]
    axes.barh(heights, probabilities, color=colors, alpha=0.75, height=0.82)
    for height, name, probability in zip(heights, names, probabilities, strict=True):
        axes.text(0.02, height, shortened(name, WIDE), va="center", fontsize=8, color=DARK, parse_math=False)
        axes.text(1.0, height, f"{probability:.0%}", va="center", ha="right", fontsize=7, color=GREY)
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
