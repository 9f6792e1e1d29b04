"""Learning curves of finished runs, and panels that show them with labels at the curves."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    MultipleLocator,
    NullLocator,
    PercentFormatter,
)
from matplotlib.typing import LineStyleType

from alexnet_tf.figures.look import DARK, GREY, PALETTE, spread
from experiments.evidence import wording
from experiments.evidence.effects import Judged, arms_in_order
from experiments.evidence.read import Evidence
from experiments.experiment import COMMON_METRICS, TRAIN_ERROR, Comparison, Experiment

COMMON_TITLES = {metric.name: metric.title for metric in COMMON_METRICS}
DASHED: LineStyleType = (0, (4, 1.5))
# As in the paper's Figure 1: (label, colour, line).
BY_ACTIVATION: dict[str, tuple[str, str, LineStyleType]] = {
    "relu": ("ReLU", PALETTE[0], "-"),
    "tanh": ("tanh", PALETTE[1], DASHED),
}
# The target training error in the paper's Figure 1, used for runs that do not stop at a training error.
TARGET = 0.25
# The error at which curves are labelled: well above the target, where they are steep.
LABEL_HEIGHT = 0.42


@dataclass(frozen=True)
class Curves:
    """Learning curves of one column: arm -> seed -> (epochs, values)."""

    column: str
    by_arm: Mapping[str, Mapping[int, tuple[list[int], list[float]]]]

    @property
    def last_epoch(self) -> int:
        """The largest epoch of any run."""
        return max((xs[-1] for seeds in self.by_arm.values() for xs, _ in seeds.values()), default=1)


def collect(evidence: Evidence, column: str) -> Curves:
    """The curves of the finished runs, from one column of curves.csv."""
    by_arm: dict[str, dict[int, tuple[list[int], list[float]]]]
    by_arm = {name: {} for name in arms_in_order(evidence.experiment, evidence.rows)}
    finished = {(row["arm"], row["seed"]) for row in evidence.rows}
    for row in sorted(evidence.curves, key=lambda row: (row["arm"], row["seed"], row["epoch"])):
        value = row[column]
        if (row["arm"], row["seed"]) in finished and value is not None and value == value:
            xs, ys = by_arm[row["arm"]].setdefault(row["seed"], ([], []))
            xs.append(row["epoch"])
            ys.append(value)
    return Curves(column, by_arm)


def draw_pair(
    axes: Axes,
    experiment: Experiment,
    one: Judged,
    curves: Curves,
    ends: Sequence[float | None],
    activations: Sequence[str],
    letter: str = "",
) -> None:
    """Draws two arms as in the paper's Figure 1, with an arrow for the ratio between them.

    Args:
        axes: an empty panel.
        experiment: the experiment of the arms.
        one: the judged comparison.
        curves: curves of all arms.
        ends: epochs to the target of arm and baseline; None if there is no ratio to draw.
        activations: activations of arm and baseline.
        letter: the letter that names the panel.
    """
    pair = [one.comparison.arm, one.comparison.baseline]
    looks = [(pair[0], PALETTE[0], "-"), (pair[1], PALETTE[1], DASHED)]
    if sorted(activations) == ["relu", "tanh"]:
        looks = [BY_ACTIVATION[activation] for activation in activations]
    _epoch_axis(axes, curves.last_epoch)
    _error_axis(axes, "training error")
    stops = [arm.config.train.stop_train_error for arm in experiment.arms if arm.name in pair]
    target = max(stops, default=0) or TARGET
    axes.axhline(target, color=GREY, linewidth=1, linestyle=":", zorder=1)
    for name, (_, colour, line) in zip(pair, looks, strict=True):
        _draw_arm(axes, curves, name, colour, line)
    _label_beside(axes, curves, pair, looks)
    known = [end for end in ends if end is not None]
    if len(known) == 2:
        # An arrowhead marks an end that is only a bound.
        markers = (">" if one.effect.bound == "lower" else "|", ">" if one.effect.bound == "upper" else "|")
        axes.plot(known, [target] * 2, color=DARK, linewidth=1.2, zorder=4)
        for end, marker in zip(known, markers, strict=True):
            axes.plot([end], [target], marker, color=DARK, markersize=6, zorder=4, clip_on=False)
    (arm, *_), (baseline, *_) = looks
    sign = "/" if one.comparison.kind == "ratio" else wording.MINUS
    axes.text(
        0.98, 0.06, f"{arm} {sign} {baseline}: {wording.effect_text(one.effect, one.comparison)}",
        transform=axes.transAxes, ha="right", fontsize=8, color=DARK,
    )  # fmt: skip
    # The baseline's description contains what both arms have in common.
    changes = {arm.name: arm.change for arm in experiment.arms}
    title = changes.get(one.comparison.baseline, wording.contrast(one.comparison))
    axes.set_title(textwrap.fill(f"({letter}) {title}" if letter else title, 46))


def draw_all_arms(
    axes: Axes,
    experiment: Experiment,
    curves: Curves,
    names: Sequence[str],
    late_epochs: bool = False,
    training: Curves | None = None,
) -> None:
    """Draws several arms in one panel, with labels at the ends of their mean curves.

    Args:
        axes: an empty panel.
        experiment: the experiment of the arms.
        curves: curves of all arms.
        names: names of the arms to draw.
        late_epochs: whether to limit the error axis to the values after the first fifth of the epochs.
        training: curves of the training error; their means are drawn dashed, and their distance from the
            test error shows how much a net overfits.
    """
    _epoch_axis(axes, curves.last_epoch, linear=late_epochs)
    _error_axis(axes, COMMON_TITLES[curves.column])
    ends = []
    # If dashed lines show the training error, each arm needs its own colour.
    looks = _colours(names, [] if training else experiment.comparisons)
    for name, (colour, line) in looks.items():
        _draw_arm(axes, curves, name, colour, line)
        if training:
            axes.plot(*mean_curve(training, name), color=colour, linestyle=DASHED, linewidth=1.4, zorder=2.5)
        xs, ys = mean_curve(curves, name)
        if len(xs):
            ends.append((float(xs[-1]), float(ys[-1]), name, colour))
    if late_epochs:
        _show_late_epochs(axes, [curves, training] if training else [curves], names)
    if training:
        axes.set_ylabel("error")
        handles = [Line2D([], [], color=DARK, linestyle=line, linewidth=1.6) for line in ("-", DASHED)]
        titles = [COMMON_TITLES[shown.column] for shown in (curves, training)]
        axes.legend(handles, titles, loc="upper right", frameon=False, fontsize=8)
    low, high = axes.get_ylim()
    heights = spread([y for _, y, _, _ in ends], (high - low) / 24)
    for (x, _, name, colour), height in zip(ends, heights, strict=True):
        axes.annotate(
            name, xy=(x, height), xytext=(6, 0), textcoords="offset points", va="center", color=colour,
            fontsize=8.5, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _show_late_epochs(axes: Axes, shown: Sequence[Curves], names: Sequence[str]) -> None:
    """Sets limits that leave out the first fifth of the epochs, whose large errors would hide the effects."""
    late = [
        y
        for curves in shown
        for name in names
        for xs, ys in curves.by_arm[name].values()
        for x, y in zip(xs, ys, strict=True)
        if x >= min(curves.last_epoch / 5, xs[-1])
    ]
    if late:
        margin = 0.06 * (max(late) - min(late)) or 0.01
        axes.set_ylim(max(0, min(late) - 2 * margin), max(late) + margin)
        axes.yaxis.set_major_locator(_whole_per_cent())


def _colours(names: Sequence[str], comparisons: Sequence[Comparison]) -> dict[str, tuple[str, LineStyleType]]:
    """Chooses (colour, line style) for each arm.

    If there are several pairs without a common arm, each pair has one colour and its baseline is dashed.
    Otherwise every arm has its own colour.
    """
    pairs = dict.fromkeys((c.arm, c.baseline) for c in comparisons)
    shown = [pair for pair in pairs if set(pair) & set(names)]
    looks: dict[str, tuple[str, LineStyleType]] = {}
    used = 0
    if len(shown) > 1 and len({name for pair in pairs for name in pair}) == 2 * len(pairs):
        for used, (arm, baseline) in enumerate(shown, 1):
            colour = PALETTE[(used - 1) % len(PALETTE)]
            looks[arm], looks[baseline] = (colour, "-"), (colour, DASHED)
    for name in names:
        if name not in looks:
            looks[name] = (PALETTE[used % len(PALETTE)], "-" if used < len(PALETTE) else ":")
            used += 1
    return {name: looks[name] for name in names}


def mean_curve(curves: Curves, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(epochs, mean over seeds) for the epochs that all seeds have."""
    seeds = list(curves.by_arm.get(name, {}).values())
    if not seeds:
        return np.array([]), np.array([])
    common = sorted(set.intersection(*(set(xs) for xs, _ in seeds)))
    values = [[dict(zip(xs, ys, strict=True))[epoch] for epoch in common] for xs, ys in seeds]
    return np.array(common), np.mean(values, axis=0)


def _draw_arm(axes: Axes, curves: Curves, name: str, colour: str, line: LineStyleType) -> None:
    seeds = curves.by_arm.get(name, {})
    for _, (xs, ys) in sorted(seeds.items()):
        marker = "o" if len(xs) == 1 else None
        axes.plot(xs, ys, color=colour, linestyle=line, linewidth=0.6, alpha=0.5, marker=marker, markersize=3)
    width = 1.8 if len(seeds) > 1 else 1.2
    axes.plot(*mean_curve(curves, name), color=colour, linestyle=line, linewidth=width, zorder=3)


def _label_beside(axes: Axes, curves: Curves, pair: Sequence[str], looks: Sequence[tuple]) -> None:
    """Labels the mean curves: the faster arm on the left of its curve, the slower arm on the right."""
    places = []
    for name, (label, colour, _) in zip(pair, looks, strict=True):
        xs, ys = mean_curve(curves, name)
        if len(xs):
            # Not at the left edge, where a label would overlap the tick labels.
            below = np.flatnonzero((ys <= LABEL_HEIGHT) & (xs >= 2))
            at = below[0] if len(below) else len(xs) - 1
            places.append((float(xs[at]), float(ys[at]), label, colour, bool(len(below))))
    places.sort()
    for index, (x, y, label, colour, reached) in enumerate(places):
        left = not reached or (len(places) > 1 and index == 0)
        # A curve that stays above this height may end at the right edge, so its label goes below its end.
        offset = (-4, -13) if not reached else (-8, -6) if left else (7, 6)
        axes.annotate(
            label, xy=(x, y), xytext=offset, textcoords="offset points", ha="right" if left else "left",
            va="center", color=colour, fontsize=9, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _epoch_axis(axes: Axes, last: int, linear: bool = False) -> None:
    """Sets up the epoch axis: logarithmic for long training, unless the late epochs are shown (`linear`)."""
    if last >= 20 and not linear:
        axes.set_xscale("log", nonpositive="mask")
        axes.set_xlim(1, last * 1.05)
        axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("epochs (log scale)")
    else:
        axes.set_xlim(0, max(last, 1) * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True))
        axes.set_xlabel("epochs")


def _error_axis(axes: Axes, title: str) -> None:
    axes.set_ylabel(title)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if title == TRAIN_ERROR.title:
        axes.set_ylim(0, 0.9)
        axes.yaxis.set_major_locator(MultipleLocator(0.25))
    else:
        axes.yaxis.set_major_locator(_whole_per_cent())


def _whole_per_cent() -> MaxNLocator:
    # Ticks at whole percents, because the labels have no decimals.
    return MaxNLocator(nbins=9, steps=[1, 2, 5, 10], min_n_ticks=2)
