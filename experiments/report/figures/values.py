"""Panels that show one metric of all runs by arm, for metrics of trained nets, which have no curve."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from alexnet_tf.figures.look import DARK, GREY, PALETTE
from experiments.evidence.read import Evidence
from experiments.experiment import Metric


def draw_values(axes: Axes, evidence: Evidence, metric: Metric) -> str:
    """Draws a metric of every run: a dot for each seed, joined from arm to arm, and a bar at each arm's mean.

    A seed without a partner in any comparison is drawn as a hollow dot and, as in the effects, left out of
    the mean. An ensemble that is the same for every seed is one dot.

    Args:
        axes: an empty panel.
        evidence: evidence of an experiment whose runs have the metric.
        metric: one of the experiment's metrics.

    Returns:
        Sentences for the caption that explain such dots; empty if there are none.
    """
    names = evidence.arms
    words: dict[str, None] = {}
    dots: dict[int, list[tuple[float, float]]] = {}
    for place, name in enumerate(names):
        values = evidence.values(name, metric.name).values
        known = {seed: value for seed, value in sorted(values.items()) if value is not None}
        seeds = list(known)
        if len(evidence.sample(name, metric.name)) < len(seeds):
            seeds = seeds[:1]
            words[f"{name}: one ensemble, whichever the seed."] = None
        paired = [seed for seed in seeds if seed in _paired(evidence, name, metric)] or seeds
        # Side by side, so that equal values stay visible.
        offsets = np.linspace(-0.12, 0.12, len(seeds)) if len(seeds) > 1 else [0.0] * len(seeds)
        for seed, offset in zip(seeds, offsets, strict=True):
            is_alone = seed not in paired
            if is_alone:
                words["Hollow: seeds without a partner, in no effect and not in the mean."] = None
            axes.plot(
                [place + offset], [known[seed]], "o", color=PALETTE[0], alpha=0.55, markersize=4.5,
                fillstyle="none" if is_alone else "full", markeredgewidth=1 if is_alone else 0, zorder=3,
            )  # fmt: skip
            dots.setdefault(seed, []).append((place + offset, known[seed]))
        if paired:
            mean = np.mean([known[seed] for seed in paired])
            axes.plot([place - 0.25, place + 0.25], [mean] * 2, color=DARK, linewidth=1.6, zorder=2)
    for joined in dots.values():
        axes.plot(*zip(*joined, strict=True), color=GREY, linewidth=0.7, alpha=0.6, zorder=1)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_xlabel("arm")
    axes.set_ylabel(textwrap.fill(metric.title, 26))
    low, high = axes.get_ylim()
    if metric.is_fraction:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
        axes.locator_params(axis="y", nbins=8, steps=[1, 2, 5, 10], min_n_ticks=2)
    # From 0, unless that would hide the differences.
    if 0 < low < high / 2:
        axes.set_ylim(bottom=0)
    return " ".join(words)


def _paired(evidence: Evidence, arm: str, metric: Metric) -> set[int]:
    """The seeds of an arm that are used in an effect of the metric shown."""
    return {
        seed
        for one in evidence.judged
        if one.comparison.metric.name == metric.name and arm in (one.comparison.arm, one.comparison.baseline)
        for seed in one.effect.per_seed
    }
