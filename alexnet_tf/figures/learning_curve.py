import csv
import io
import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter
from matplotlib.typing import ColorType

from alexnet_tf.figures.look import DARK, GREY, PALETTE, caption, label_ends, title, write_figure
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import read_text

LINES = (
    ("train_error", "training error", PALETTE[0], "-"),
    ("test_error", "test error", PALETTE[1], "-"),
    ("test_top5_error", "test error, top-5", PALETTE[1], (0, (4, 1.5))),
)
LOSSES = (("train_loss", "training loss", PALETTE[0]), ("test_loss", "test loss", PALETTE[1]))
COLUMNS = ("epoch", "learning_rate", *(line[0] for line in LINES), *(line[0] for line in LOSSES))
# Column that curve.csv lacks if the network has five classes or fewer.
OPTIONAL = ("test_top5_error",)
NORM_COLUMNS = ("epoch", "layer", "mean_norm")


def read_curve(path: Path) -> list[dict[str, float]]:
    """Reads the columns of a `curve.csv` that the figures need: one dict for each epoch.

    Raises:
        InputError: if the file cannot be read, has no rows, lacks a column or has an invalid value.
    """
    return _read(path, COLUMNS, ())


def read_gradient_norms(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Reads a `gradient_norms.csv`: layer -> (epoch, mean norm) of each epoch.

    Raises:
        InputError: as `read_curve`.
    """
    norms: dict[str, list[tuple[float, float]]] = {}
    for row in _read(path, NORM_COLUMNS, ("layer",)):
        norms.setdefault(row["layer"], []).append((row["epoch"], row["mean_norm"]))
    return norms


def _read(path: Path, columns: Sequence[str], texts: Collection[str]) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = [
            {
                name: row[name] if name in texts else float(row[name])
                for name in columns
                if name in row or name not in OPTIONAL
            }
            for row in csv.DictReader(io.StringIO(read_text(path), newline=""))
        ]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        needed = ",".join(name for name in columns if name not in OPTIONAL)
        raise InputError(f"{path}: expected the columns {needed}; received {error!r}") from error
    if not rows:
        raise InputError(f"{path}: expected a row for each epoch; received none")
    if not all(math.isfinite(row["epoch"]) for row in rows):
        raise InputError(f"{path}: expected finite epochs; received nan or inf")
    return rows


def write_curves(run: Path, name: str, dataset: str, out: Path) -> list[Path]:
    """Draws `curve` and `training` from a run's curve.csv and gradient_norms.csv; returns the files written.

    Without a gradient_norms.csv, `training` has no gradient norms.

    Raises:
        InputError: as `read_curve`, before a figure is written; or if a figure cannot be written.
    """
    rows, measured = read_curve(run / "curve.csv"), run / "gradient_norms.csv"
    norms = read_gradient_norms(measured) if measured.is_file() else {}
    return [
        *write_figure(out / "curve", lambda: curve_figure(rows, name, dataset), ("png", "svg")),
        *write_figure(out / "training", lambda: training_figure(rows, norms, name, dataset), ("png", "svg")),
    ]


def rate_drops(rows: Sequence[Mapping[str, float]]) -> list[tuple[float, float]]:
    """For each drop of the learning rate: (last epoch before the drop, new rate).

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
    """Draws the errors of `rows` (see `read_curve`) against epochs, with the drops of the learning rate."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    epochs = [row["epoch"] for row in rows]
    lines = [line for line in LINES if line[0] in rows[-1]]
    for column, _, color, line in lines:
        axes.plot(epochs, [row[column] for row in rows], color=color, linestyle=line, linewidth=1.8)
    drops = rate_drops(rows)
    for epoch, rate in drops:
        axes.axvline(epoch, color=GREY, linewidth=1, linestyle=":", zorder=1)
        axes.annotate(
            f"rate {rate:.2g}", xy=(epoch, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            va="bottom", ha="center", textcoords="offset points", fontsize=7.5, color=DARK, rotation=90,
        )  # fmt: skip
    _epochs_axis(axes, epochs[-1])
    axes.set_ylim(0, 1)
    ends = [(label, rows[-1][column], color) for column, label, color, _ in lines]
    label_ends(axes, [(f"{label} {end:.1%}", epochs[-1], end, color) for label, end, color in ends])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("error")
    title(figure, f"{name} on {dataset}: {rows[-1]['test_error']:.1%} test error after {epochs[-1]:g} epochs")
    caption(
        figure,
        "Errors are measured after each epoch, without augmentation. The training error is that of at most "
        "10,000 training images." + " Dotted: the last epoch before the learning rate drops." * bool(drops),
    )
    return figure


def training_figure(
    rows: Sequence[Mapping[str, float]],
    norms: Mapping[str, Sequence[tuple[float, float]]],
    name: str,
    dataset: str,
) -> Figure:
    """Draws losses, learning rate and, if `norms` is not empty, gradient norms against epochs.

    `rows` and `norms` are those of `read_curve` and `read_gradient_norms`.
    """
    figure = Figure(figsize=(3.9 * (3 if norms else 2), 3.4), layout="constrained")
    loss, rate, *gradient = figure.subplots(1, 3 if norms else 2)
    epochs = [row["epoch"] for row in rows]
    for column, label, color in LOSSES:
        loss.plot(epochs, [row[column] for row in rows], color=color, label=label)
    loss.set_ylabel("loss (cross-entropy, nats)")
    loss.set_ylim(bottom=0)
    # Epoch n lasts from n - 1 to n on the axis.
    rate.step(epochs, [row["learning_rate"] for row in rows], where="pre", color=PALETTE[0])
    rate.set_ylabel("learning rate")
    _log_axis(rate)
    colors = colormaps["viridis"]
    for axes in gradient:
        labels: list[tuple[str, float, float, ColorType]] = []
        for place, (layer, points) in enumerate(norms.items()):
            is_total = layer == "all"  # GradientNorms' name for all layers together
            ink: ColorType = DARK if is_total else colors(place / max(len(norms) - 1, 1) * 0.9)
            width = 2.0 if is_total else 1.3
            # Consecutive layers have similar colours, so the lines of normalisation layers are dashed.
            dashes = "--" if layer.startswith("norm") else "-"
            axes.plot(*zip(*points, strict=True), dashes, color=ink, linewidth=width, label=layer)
            labels.append((layer, *points[-1], ink))
        axes.set_ylabel("gradient norm, mean of the epoch")
        _log_axis(axes)
        label_ends(axes, labels, 0.05, "small")
    loss.legend(fontsize=7, frameon=False)
    for axes in (loss, rate, *gradient):
        _epochs_axis(axes, epochs[-1])
    ends = "training loss {train_loss:.2f}, test {test_loss:.2f}".format(**rows[-1])
    title(figure, f"{name} on {dataset}: {ends} after {epochs[-1]:g} epochs")
    caption(
        figure,
        "Losses are measured after each epoch, without augmentation and weight decay. The rate of epoch n is "
        "drawn from n − 1 to n." + (" Gradients are those of a batch's mean loss." if norms else ""),
    )
    return figure


def _log_axis(axes: Axes) -> None:
    if axes.dataLim.y1 <= 0:  # as with a rate of 0, which a logarithmic axis cannot show
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: np.format_float_positional(value, 3, fractional=False, trim="-"))
    )
    axes.yaxis.set_minor_locator(NullLocator())


def _epochs_axis(axes: Axes, last: float) -> None:
    axes.set_xlim(0, max(last, 1))
    axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True))
    axes.set_xlabel("epochs")
