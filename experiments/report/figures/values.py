"""Panels of one metric of each run, arm by arm: for metrics of trained nets, which have no curve."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alexnet_tf.figures.look import DARK, PALETTE
from experiments.evidence.effects import Judged, Records, Row, arms_in_order, sample_of, values_of
from experiments.experiment import Experiment


def draw_values(
    axes: Axes, experiment: Experiment, rows: Sequence[Row], records: Records, judged: Sequence[Judged]
) -> str:
    """The metric `experiment.figure` of every run: a dot for each seed, a bar at the mean of each arm.

    A seed that has no partner in any comparison is hollow, and is left out of the mean as of the effects.
    An ensemble that is the same for every seed is one dot.

    Args:
        axes: an empty panel.
        experiment: whose `figure` is one of its probe metrics.
        rows: of runs.csv.
        records: of the runs.
        judged: its comparisons.

    Returns:
        Sentences on such dots for the caption, empty where there are none.
    """
    names = arms_in_order(experiment, rows)
    words: dict[str, None] = {}
    for place, name in enumerate(names):
        found = values_of(experiment, rows, records, name, experiment.figure)
        known = {seed: value for seed, value in sorted(found.values.items()) if value is not None}
        seeds = list(known)
        if len(sample_of(experiment, name, experiment.figure, found)) < len(seeds):
            seeds = seeds[:1]
            words[f"{name}: one ensemble, whichever the seed."] = None
        paired = [seed for seed in seeds if seed in _paired(experiment, judged, name)] or seeds
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
    metric = experiment.metric(experiment.figure)
    axes.set_ylabel(metric.title)
    if metric.is_fraction:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.locator_params(axis="y", nbins=8, steps=[1, 2, 5, 10], min_n_ticks=2)
    else:
        axes.set_ylim(bottom=0)
    return " ".join(words)


def _paired(experiment: Experiment, judged: Sequence[Judged], arm: str) -> set[int]:
    """The seeds of an arm that are in an effect of the metric shown."""
    return {
        seed
        for one in judged
        if one.comparison.metric.name == experiment.figure
        and arm in (one.comparison.arm, one.comparison.baseline)
        for seed in one.effect.per_seed
    }
