import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation
from matplotlib.typing import LineStyleType

from alexnet_tf.figures.look import DARK, GREY, PALETTE, label_ends
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence
from experiments.evidence.wording import MINUS
from experiments.experiment import TRAIN_LOSS, Metric
from experiments.report.figures.collect import Curves, mean_curve, side_by_side
from experiments.report.finding import label, times_faster

DASHED: LineStyleType = (0, (4, 1.5))
# Activation -> (label, colour, line style); the line styles are those of the paper's Figure 1.
BY_ACTIVATION: dict[str, tuple[str, str, LineStyleType]] = {
    "relu": ("ReLU", PALETTE[0], "-"),
    "tanh": ("tanh", PALETTE[1], DASHED),
}
# The target in the paper's Figure 1, for runs without a `stop_train_error`.
TARGET = 0.25
# Curves are labelled at this error, where they are steep.
LABEL_HEIGHT = 0.42
# With fewer epochs than this, the value axis covers the values of all epochs.
SHORT = 5
EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# Mean curves count as equal if at every epoch they differ by at most this share of the value axis.
COINCIDENT = 0.004


def draw_pair(
    axes: Axes,
    evidence: Evidence,
    judged: Sequence[Judged],
    curves: Curves,
    letter: str = "",
    linear: bool = False,
    has_title: bool = True,
) -> list[str]:
    """Draws two arms and their variants as in the paper's Figure 1; returns the names of coinciding curves.

    Args:
        judged: the comparison of the two arms, then those of their variants.
    """
    experiment, comparison = evidence.experiment, judged[0].comparison
    pair = [comparison.arm, comparison.baseline]
    used = [evidence.activation(name) for name in pair]
    looks = [(pair[0], PALETTE[0], "-"), (pair[1], PALETTE[1], DASHED)]
    if sorted(used) == ["relu", "tanh"]:
        looks = [BY_ACTIVATION[activation] for activation in used]
    variants = dict.fromkeys(name for one in judged for name in (one.comparison.arm, one.comparison.baseline))
    more = [name for name in variants if name not in pair]
    # A variant (an arm run with other settings) has the line style of its original arm, `Arm.of`.
    lines = {name: line for name, (*_, line) in zip(pair, looks, strict=True)}
    looks += [
        (name, PALETTE[2 + index % 7], lines[experiment.arm(name).of]) for index, name in enumerate(more)
    ]
    _epoch_axis(axes, curves.last_epoch, linear)
    _value_axis(axes, curves.metric)
    axes.set_ylim(0, 0.9)
    axes.set_yticks([0, 0.25, 0.5, 0.75])
    stops = [arm.config.train.stop_train_error for arm in experiment.arms if arm.name in pair]
    target = max(stops, default=0) or TARGET
    axes.axhline(target, color=GREY, linewidth=1, linestyle=":", zorder=1)
    means = {name: mean_curve(curves, name) for name in (*pair, *more)}
    shifts, equal = side_by_side(means, COINCIDENT * 0.9)
    for name, (_, colour, line) in zip(means, looks, strict=True):
        _draw_arm(axes, curves, name, colour, line, shifts[name])
    if more:
        handles = [axes.plot([], [], color=colour, linestyle=line)[0] for _, colour, line in looks]
        axes.legend(
            handles, [label(name) for name in means], loc="upper left", bbox_to_anchor=(1, 1), frameon=False,
            fontsize="small",
        )  # fmt: skip
    else:
        _label_beside(axes, curves, pair, looks, linear)
    ends = [_geometric_mean(evidence, name, judged[0]) for name in pair]
    known = [end for end in ends if end is not None]
    if len(known) == 2:
        # The line is dotted if only a bound of the ratio (arm / baseline) is known.
        bound = judged[0].effect.bound
        markers = (">" if bound == "lower" else "|", ">" if bound == "upper" else "|")
        axes.plot(known, [target] * 2, color=DARK, linewidth=1.2, linestyle=":" if bound else "-", zorder=4)
        for end, marker in zip(known, markers, strict=True):
            axes.plot([end], [target], marker, color=DARK, markersize=6, zorder=4, clip_on=False)
    sentences = [times_faster(one, is_whole=bool(more)) for one in judged]
    if not more and looks[1][0] == "ReLU":
        sentences = [f"ReLU{sentences[0].removeprefix(comparison.baseline).removeprefix('ReLU')}"]
    if more:
        wrapped = [textwrap.fill(sentence, 60 if letter else 76) for sentence in sentences]
        axes.set_xlabel("\n".join([axes.get_xlabel(), *wrapped]), fontsize="small")
    else:
        axes.text(
            0.98, 0.04, sentences[0], transform=axes.transAxes, ha="right", va="bottom", color=DARK,
            fontsize="small" if letter else "large",
        )  # fmt: skip
    if has_title:
        # The baseline's description names what both arms have in common.
        change = experiment.arm(comparison.baseline).change
        columns = (
            46 if letter else int(112 * axes.figure.bbox.width / axes.figure.dpi / rcParams["font.size"])
        )
        axes.set_title(textwrap.fill(f"({letter}) {change}" if letter else change, columns))
    return equal


def draw_all_arms(axes: Axes, evidence: Evidence, curves: Curves, names: Sequence[str]) -> list[str]:
    """Draws several arms in one panel; returns the names of coinciding curves.

    For errors, the value axis does not cover the first fifth of the epochs, whose large errors would hide the
    effects. For the training loss it covers only the arms of primary comparisons, and a line of text gives
    the largest value of each mean curve that exceeds it.
    """
    _epoch_axis(axes, curves.last_epoch, linear=True)
    _value_axis(axes, curves.metric)
    means = {name: mean_curve(curves, name) for name in names}
    means = {name: (xs, ys) for name, (xs, ys) in means.items() if len(xs)}
    _limit_values(axes, evidence, curves, names)
    low, high = axes.get_ylim()
    shifts, equal = side_by_side(means, COINCIDENT * (high - low))
    colours = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(names)}
    for name, shift in shifts.items():
        line = "-" if names.index(name) < len(PALETTE) else ":"
        _draw_arm(axes, curves, name, colours[name], line, shift)
    ends = [(name, float(means[name][0][-1]), float(means[name][1][-1]), colours[name]) for name in shifts]
    label_ends(axes, ends)
    if curves.metric is TRAIN_LOSS:
        _name_values_above(axes, means, high)
    return equal


def _name_values_above(axes: Axes, means: dict[str, tuple[np.ndarray, np.ndarray]], high: float) -> None:
    above = [
        f"{name} is {max(ys):.3g} at epoch {xs[np.argmax(ys)]:g}"
        for name, (xs, ys) in means.items()
        if max(ys) > high
    ]
    if above:
        text = f"Above this axis: {', '.join(above)}"
        axes.text(
            0.98, 0.99, text, transform=axes.transAxes, ha="right", va="top", color=DARK, fontsize="small"
        )


def _limit_values(axes: Axes, evidence: Evidence, curves: Curves, names: Sequence[str]) -> None:
    compared = {name for one in evidence.primary for name in (one.comparison.arm, one.comparison.baseline)}
    is_error = curves.metric.low == 0 and curves.metric.is_fraction
    shown = (
        [name for name in names if name in compared] if curves.metric is TRAIN_LOSS and compared else names
    )
    values = [
        y
        for name in shown
        for xs, ys in curves.by_arm[name].values()
        for x, y in zip(xs, ys, strict=True)
        if not is_error or curves.last_epoch < SHORT or x >= min(curves.last_epoch / 5, xs[-1])
    ]
    if values:
        margin = max(0.06 * (max(values) - min(values)), 0.001)
        low = min(values) - 2 * margin
        axes.set_ylim(max(0, low) if curves.metric.low >= 0 else low, max(values) + margin)


def _geometric_mean(evidence: Evidence, arm: str, one: Judged) -> float | None:
    if one.comparison.kind != "ratio" or not one.effect.per_seed:
        return None
    found = evidence.values(arm, one.comparison.metric.name)
    known = [
        found.limits[seed] if found.values[seed] is None else found.values[seed]
        for seed in one.effect.per_seed
    ]
    return float(np.exp(np.mean(np.log(np.array(known, float)))))


def _draw_arm(
    axes: Axes, curves: Curves, name: str, colour: str, line: LineStyleType, shift: float = 0.0
) -> None:
    seeds = curves.by_arm.get(name, {})
    figure = axes.get_figure(root=True)
    shifted = axes.transData + ScaledTranslation(0, shift / 72, figure.dpi_scale_trans) if figure else None
    look = {"color": colour, "linestyle": line, **({"transform": shifted} if shift else {})}
    # A style file may set another line width; all lines are scaled with it.
    width = rcParams["lines.linewidth"] / rcParamsDefault["lines.linewidth"]
    for _, (xs, ys) in sorted(seeds.items()):
        marker = "o" if len(xs) == 1 else None
        axes.plot(xs, ys, linewidth=0.6 * width, alpha=0.5, marker=marker, markersize=3, **look)
    thick = width * (1.8 if len(seeds) > 1 else 1.2)
    axes.plot(*mean_curve(curves, name), linewidth=thick, zorder=3, **look)


def _label_beside(
    axes: Axes, curves: Curves, pair: Sequence[str], looks: Sequence[tuple], linear: bool
) -> None:
    places = []
    for name, (text, colour, _) in zip(pair, looks, strict=True):
        xs, ys = mean_curve(curves, name)
        if len(xs):
            places.append((*_crossing(xs, ys, LABEL_HEIGHT), text, colour, (xs, ys)))
    places.sort(key=lambda place: place[0])
    for index, (x, y, reached, text, colour, curve) in enumerate(places):
        is_faster = len(places) > 1 and index == 0
        left = not reached or (is_faster and not linear)
        if reached and is_faster:
            # This label is placed lower, where it touches neither the other curve nor the axis.
            x, y, _ = _crossing(*curve, (0.8 if linear else 0.85) * LABEL_HEIGHT)
        # A curve that stays above LABEL_HEIGHT may end at the right edge, so its label is left of its end.
        offset = (-4, -13) if not reached else (-8, -6) if left else (7, 6)
        axes.annotate(
            text, xy=(x, y), xytext=offset, textcoords="offset points", ha="right" if left else "left",
            va="center", color=colour, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _crossing(xs: np.ndarray, ys: np.ndarray, height: float) -> tuple[float, float, bool]:
    # Epochs below 2 are skipped: at the left edge a label would overlap the tick labels.
    below = np.flatnonzero((ys <= height) & (xs >= 2))
    at = below[0] if len(below) else len(xs) - 1
    return float(xs[at]), float(ys[at]), bool(len(below))


def _epoch_axis(axes: Axes, last: int, linear: bool = False) -> None:
    if last >= 20 and not linear:
        axes.set_xscale("log", nonpositive="mask")
        axes.set_xlim(1, next(tick for tick in EPOCHS if tick >= min(last, EPOCHS[-1])))
        axes.xaxis.set_major_locator(FixedLocator(EPOCHS))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("epochs (log scale)")
    else:
        axes.set_xlim(0, max(last, 1) * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True))
        axes.set_xlabel("epochs")


def _value_axis(axes: Axes, metric: Metric) -> None:
    axes.set_ylabel(f"{metric.title}, {metric.unit}" if metric.unit == "nats" else metric.title)
    if metric.is_fraction:
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{round(100 * value, 6):g}%".replace("-", MINUS))
        )
        axes.yaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], min_n_ticks=2))
