from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.evidence.read import Evidence
from experiments.experiment import Metric


@dataclass(frozen=True)
class Curves:
    """Learning curves of one metric: arm -> seed -> (epochs, values)."""

    metric: Metric
    by_arm: Mapping[str, Mapping[int, tuple[list[int], list[float]]]]

    @property
    def last_epoch(self) -> int:
        return max((xs[-1] for seeds in self.by_arm.values() for xs, _ in seeds.values()), default=1)


def collect(evidence: Evidence, column: str) -> Curves:
    """The learning curves of all runs that have a row in runs.csv.

    `column` is a column of curves.csv, or a metric that is computed from each epoch alone.
    """
    metric = evidence.experiment.metric(column)
    by_arm: dict[str, dict[int, tuple[list[int], list[float]]]]
    by_arm = {name: {} for name in evidence.arms}
    finished = {(row["arm"], row["seed"]) for row in evidence.rows}
    for row in sorted(evidence.curves, key=lambda row: (row["arm"], row["seed"], row["epoch"])):
        value = row[column] if column in row else metric.of_curve([dict(row)]) if metric.of_curve else None
        if (row["arm"], row["seed"]) in finished and value is not None and value == value:
            xs, ys = by_arm[row["arm"]].setdefault(row["seed"], ([], []))
            xs.append(row["epoch"])
            ys.append(value)
    return Curves(metric, by_arm)


def mean_curve(curves: Curves, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The epochs that all seeds of an arm have, and the mean over the seeds at each of these epochs."""
    seeds = list(curves.by_arm.get(name, {}).values())
    if not seeds:
        return np.array([]), np.array([])
    common = sorted(set.intersection(*(set(xs) for xs, _ in seeds)))
    values = [[dict(zip(xs, ys, strict=True))[epoch] for epoch in common] for xs, ys in seeds]
    return np.array(common), np.mean(values, axis=0)


def side_by_side(
    means: Mapping[str, tuple[np.ndarray, np.ndarray]], distance: float
) -> tuple[dict[str, float], list[str]]:
    """Vertical shifts that keep mean curves from hiding each other, and the names of coinciding curves.

    The shifts are in typographic points. Curves coincide if at every epoch they differ by at most `distance`.
    """
    groups = _coincident(means, distance)
    shifts = {
        name: 2.2 * ((len(group) - 1) / 2 - place) for group in groups for place, name in enumerate(group)
    }
    return shifts, [name for group in groups if len(group) > 1 for name in group]


def _coincident(means: Mapping[str, tuple[np.ndarray, np.ndarray]], distance: float) -> list[list[str]]:
    """The names of curves in groups: at every epoch, a curve is within `distance` of its group's first curve.

    Example:

    >>> import numpy as np
    >>> curve = lambda *ys: (np.arange(2), np.array(ys))
    >>> _coincident({"a": curve(0.9, 0.9), "b": curve(0.9, 0.2), "c": curve(0.9, 0.901)}, 0.004)
    [['a', 'c'], ['b']]
    """
    groups: list[list[str]] = []
    for name, (xs, ys) in means.items():
        for group in groups:
            others, values = means[group[0]]
            if len(xs) == len(others) and np.abs(ys - values).max() <= distance:
                group.append(name)
                break
        else:
            groups.append([name])
    return groups
