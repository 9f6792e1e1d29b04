"""The learning curve of one training run."""

import csv
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from alexnet_tf.figures.look import GREY, PALETTE, caption, spread, title
from alexnet_tf.runtime.errors import InputError

LINES = (
    ("train_error", "training error", PALETTE[0], "-"),
    ("test_error", "test error", PALETTE[1], "-"),
    ("test_top5_error", "test error, top-5", PALETTE[1], (0, (4, 1.5))),
)
COLUMNS = ("epoch", "learning_rate", *(line[0] for line in LINES))


def read_curve(path: Path) -> list[dict[str, float]]:
    """Reads the columns of a `curve.csv` that the figure needs.

    Raises:
        InputError: if the file cannot be read, has no rows, lacks a column or has an invalid value.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [{name: float(row[name]) for name in COLUMNS} for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected the columns {','.join(COLUMNS)}; received {error!r}") from error
    if not rows:
        raise InputError(f"{path}: expected a row for each epoch; received none")
    return rows


def rate_drops(rows: Sequence[Mapping[str, float]]) -> list[tuple[float, float]]:
    """(last epoch before the drop, new rate) for each drop of the learning rate.

    The row of epoch n has the learning rate of epoch n.

    Example:

    >>> rate_drops([{"epoch": 1, "learning_rate": 0.1}, {"epoch": 2, "learning_rate": 0.01}])
    [(1, 0.01)]
    """
    return [
        (before["epoch"], after["learning_rate"])
        for before, after in pairwise(rows)
        if after["learning_rate"] < before["learning_rate"]
    ]


def curve_figure(rows: Sequence[Mapping[str, float]], name: str, dataset: str) -> Figure:
    """Draws training and test error against epochs, with the drops of the learning rate.

    Args:
        rows: rows returned by `read_curve`.
        name: name of the network.
        dataset: name of the data set.
    """
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    epochs = [row["epoch"] for row in rows]
    heights = spread([rows[-1][line[0]] for line in LINES], 0.05)
    for (column, label, color, line), height in zip(LINES, heights, strict=True):
        values = [row[column] for row in rows]
        axes.plot(epochs, values, color=color, linestyle=line, linewidth=1.8)
        axes.annotate(
            f"{label} {values[-1]:.1%}", xy=(epochs[-1], height), xytext=(6, 0), va="center", color=color,
            textcoords="offset points", fontsize=8.5, fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    for epoch, rate in rate_drops(rows):
        axes.axvline(epoch, color=GREY, linewidth=1, linestyle=":", zorder=1)
        axes.annotate(
            f"rate {rate:.2g}", xy=(epoch, 1), xycoords=("data", "axes fraction"), xytext=(3, -2), va="top",
            textcoords="offset points", fontsize=7.5, color=GREY, rotation=90,
        )  # fmt: skip
    axes.set_xlim(0, max(epochs[-1], 1))
    axes.set_ylim(0, 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("epochs")
    axes.set_ylabel("error")
    title(figure, f"{name} on {dataset}: {rows[-1]['test_error']:.1%} test error after {epochs[-1]:g} epochs")
    caption(
        figure,
        "Measured after each epoch, without augmentation: the central crop of each image. Training error: of "
        "up to 10,000 training images. Dotted: the learning rate drops.",
    )
    return figure
