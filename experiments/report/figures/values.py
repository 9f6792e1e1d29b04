import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from alexnet_tf.figures.look import DARK, GREY, PALETTE
from alexnet_tf.statistics.effects import LEVEL
from experiments.evidence.read import Evidence
from experiments.experiment import Metric

# The mark of a net's own value, that of its two towers, on the bar that shows the values of random splits of
# the net's kernels.
MARKED: dict[str, Any] = {
    "marker": "_", "color": PALETTE[1], "markersize": 9, "markeredgewidth": 2, "linestyle": "none",
    "zorder": 3,
}  # fmt: skip
HOLLOW = "Hollow dots: seeds that are in no pair. Effects and means leave these seeds out."


def draw_values(axes: Axes, evidence: Evidence, metric: Metric, shown: Sequence[Metric]) -> str:
    """Draws a metric: a dot for each run, lines that join the runs of a seed, and a bar at each arm's mean.

    If percentiles of the metric (`METRIC_p5`, `_p25`, `_p75`, `_p95`) are metrics too, grey bars show them
    for each run. An arm that measures the same nets without percentiles is drawn as marks on these bars, not
    as an arm of its own. For p values, a line at the significance level is drawn instead of means.

    Args:
        shown: the metrics of all panels. A net has the same horizontal position in each panel.

    Returns:
        Sentences for the caption.
    """
    percentiles = _percentiles(metric)
    has_distributions = _has_distributions(evidence, metric)
    reach = 0.3 if any(_has_distributions(evidence, each) for each in shown) else 0.12
    marked = _marked_arms(evidence)
    names = [name for name in evidence.arms if name not in marked]
    words: dict[str, None] = {}
    dots: dict[int, list[tuple[float, float]]] = {}
    for place, name in enumerate(names):
        values = evidence.values(name, metric.name).values
        known = {seed: value for seed, value in sorted(values.items()) if value is not None}
        seeds, same = list(known), []
        if len(evidence.sample(name, metric.name)) < len(seeds):
            seeds, same = seeds[:1], seeds[1:]
            words[
                f"{name} is one ensemble for all seeds, so the intervals of its effects contain only the "
                "spread of the single nets."
            ] = None
        paired = [seed for seed in seeds if seed in _paired(evidence, name, metric)] or seeds
        # The dots are side by side, so that equal values stay visible.
        offsets = np.linspace(-reach, reach, len(seeds)) if len(seeds) > 1 else [0.0] * len(seeds)
        for seed, offset in zip(seeds, offsets, strict=True):
            is_alone = seed not in paired
            if is_alone:
                words[HOLLOW] = None
            axes.plot(
                [place + offset], [known[seed]], "o", color=PALETTE[0], alpha=0.55, markersize=4.5,
                fillstyle="none" if is_alone else "full", markeredgewidth=1 if is_alone else 0, zorder=3,
            )  # fmt: skip
            own: list[float] = []
            if has_distributions:
                columns = metric.name, *percentiles
                own = _draw_distribution(axes, evidence, (name, seed), columns, place + offset)
            for one in (seed, *same):
                dots.setdefault(one, []).extend((place + offset, value) for value in own or [known[one]])
            if own:
                words["Grey bars: the middle 90% and 50% of a net's random splits, with their mean."] = None
        if paired and metric.is_averaged:
            mean = np.mean([known[seed] for seed in paired])
            axes.plot([place - 0.25, place + 0.25], [mean] * 2, color=DARK, linewidth=1.6, zorder=2)
    for joined in dots.values():
        axes.plot(*zip(*joined, strict=True), color=GREY, linewidth=0.7, alpha=0.6, zorder=1)
    axes.set_xticks(range(len(names)), names)
    if has_distributions and marked:
        handle = Line2D([], [], **MARKED, label=f"{', '.join(marked)} (the same nets)")
        axes.legend(handles=[handle], loc="upper left", frameon=False, fontsize="small")
    if any(one.comparison.kind == "share" and one.comparison.metric is metric for one in evidence.judged):
        axes.axhline(LEVEL, color=DARK, linewidth=1, linestyle="--", zorder=1)
        axes.text(
            1, LEVEL, f"{LEVEL:g}", transform=axes.get_yaxis_transform(), ha="right", va="bottom",
            fontsize="small", color=DARK,
        )  # fmt: skip
        words[f"Dashed: {LEVEL:g}, the significance level."] = None
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_xlabel("arm")
    axes.set_ylabel(textwrap.fill(metric.title, 26))
    low, high = axes.get_ylim()
    if metric.is_fraction:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
        axes.locator_params(axis="y", nbins=8, steps=[1, 2, 5, 10], min_n_ticks=2)
    # The axis starts at 0, unless that would hide the differences.
    if 0 < low < high / 2:
        axes.set_ylim(bottom=0)
    return " ".join(words)


def _percentiles(metric: Metric) -> list[str]:
    return [f"{metric.name}_p{percent}" for percent in (5, 25, 75, 95)]


def _has_distributions(evidence: Evidence, metric: Metric) -> bool:
    return {*_percentiles(metric)} <= {each.name for each in evidence.experiment.metrics}


def _marked_arms(evidence: Evidence) -> list[str]:
    """The arms without percentiles whose nets all have percentiles in another arm."""
    for metric in evidence.experiment.metrics:
        if _has_distributions(evidence, metric):
            lowest = _percentiles(metric)[0]
            spread = {row["config_hash"] for row in evidence.rows if row[lowest] is not None}
            others = [row for row in evidence.rows if row[lowest] is None]
            alone = {row["arm"] for row in others if row["config_hash"] not in spread}
            return [name for name in evidence.arms if name in {row["arm"] for row in others} - alone]
    return []


def _draw_distribution(
    axes: Axes, evidence: Evidence, run: tuple[str, int], columns: Sequence[str], place: float
) -> list[float]:
    """Draws a run's percentiles and marks its net's values in other arms; returns these values."""
    (row,) = (row for row in evidence.rows if (row["arm"], row["seed"]) == run)
    metric, lowest, low, high, highest = columns
    if row[lowest] is None:
        return []
    axes.plot([place] * 2, [row[lowest], row[highest]], color=GREY, linewidth=1.5, alpha=0.7, zorder=1)
    axes.plot([place] * 2, [row[low], row[high]], color=GREY, linewidth=6, alpha=0.5, zorder=1)
    same_net = [other for other in evidence.rows if other["config_hash"] == row["config_hash"]]
    own = [other[metric] for other in same_net if other is not row]
    axes.plot([place] * len(own), own, **MARKED)
    return own


def _paired(evidence: Evidence, arm: str, metric: Metric) -> set[int]:
    return {
        seed
        for one in evidence.judged
        if one.comparison.metric.name == metric.name and arm in (one.comparison.arm, one.comparison.baseline)
        for seed in one.effect.per_seed
    }
