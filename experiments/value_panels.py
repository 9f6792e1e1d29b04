"""Panels of one number of each run, arm by arm: for arms that look at trained nets and have no curve."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alexnet_tf.figures.look import DARK, PALETTE
from experiments import wording
from experiments.effects import Records, Row, arms_in_order, values_of
from experiments.experiment import Experiment


def draw_values(axes: Axes, experiment: Experiment, rows: Sequence[Row], records: Records) -> None:
    """The metric `experiment.figure` of every run: a dot for each seed, a bar at the mean of each arm.

    Args:
        axes: an empty panel.
        experiment: whose `figure` is one of its probe metrics.
        rows: of runs.csv.
        records: of the runs.
    """
    names = arms_in_order(experiment, rows)
    for place, name in enumerate(names):
        known = values_of(experiment, rows, records, name, experiment.figure).known
        # Side by side, so that equal values stay visible.
        offsets = np.linspace(-0.12, 0.12, len(known)) if len(known) > 1 else [0.0] * len(known)
        axes.plot(place + np.asarray(offsets), known, "o", color=PALETTE[0], alpha=0.55, markersize=4.5,
                  markeredgewidth=0)  # fmt: skip
        if known:
            axes.plot([place - 0.25, place + 0.25], [np.mean(known)] * 2, color=DARK, linewidth=1.6)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylabel(wording.title_of(experiment, experiment.figure))
    if wording.is_fraction(experiment.figure):
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.locator_params(axis="y", nbins=8, steps=[1, 2, 5, 10], min_n_ticks=2)
    else:
        axes.set_ylim(bottom=0)
