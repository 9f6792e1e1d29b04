"""Panels that show one metric of all runs by arm, for metrics of trained nets, which have no curve."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alexnet_tf.figures.look import DARK, PALETTE
from experiments.evidence.effects import arms_in_order
from experiments.evidence.read import Evidence


def draw_values(axes: Axes, evidence: Evidence) -> str:
    """Draws the metric `experiment.figure` of every run: a dot for each seed, a bar at the mean of each arm.

    A seed without a partner in any comparison is drawn as a hollow dot and, as in the effects, left out of
    the mean. An ensemble that is the same for every seed is one dot.

    Args:
        axes: an empty panel.
        evidence: evidence of an experiment whose `figure` is one of its probe metrics.

    Returns:
        Sentences for the caption that explain such dots; empty if there are none.
    """
    metric = evidence.experiment.metric(evidence.experiment.figure)
    names = arms_in_order(evidence.experiment, evidence.rows)
    words: dict[str, None] = {}
    for place, name in enumerate(names):
        values = evidence.values(name, metric.name).values
        known = {seed: value for seed, value in sorted(values.items()) if value is not None}
        seeds = list(known)
        if len(evidence.sample(name, metric.name)) < len(seeds):
            seeds = seeds[:1]
            words[f"{name}: one ensemble, whichever the seed."] = None
        paired = [seed for seed in seeds if seed in _paired(evidence, name)] or seeds
        # Side by side, so that equal values stay visible.
        offsets = np.linspace(-0.12, 0.12, len(seeds)) if len(seeds) > 1 else [0.0] * len(seeds)
        for seed, offset in zip(seeds, offsets, strict=True):
            is_alone = seed not in paired
            if is_alone:
                words["Hollow: seeds without a partner, in no effect and not in the mean."] = None
            axes.plot(
                [place + offset], [known[seed]], "o", color=PALETTE[0], alpha=0.55, markersize=4.5,
                fillstyle="none" if is_alone else "full", markeredgewidth=1 if is_alone else 0,
            )  # fmt: skip
        if paired:
            mean = np.mean([known[seed] for seed in paired])
            axes.plot([place - 0.25, place + 0.25], [mean] * 2, color=DARK, linewidth=1.6)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylabel(metric.title)
    if metric.is_fraction:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.locator_params(axis="y", nbins=8, steps=[1, 2, 5, 10], min_n_ticks=2)
    else:
        axes.set_ylim(bottom=0)
    return " ".join(words)


def _paired(evidence: Evidence, arm: str) -> set[int]:
    """The seeds of an arm that are used in an effect of the metric shown."""
    return {
        seed
        for one in evidence.judged
        if one.comparison.metric.name == evidence.experiment.figure
        and arm in (one.comparison.arm, one.comparison.baseline)
        for seed in one.effect.per_seed
    }
