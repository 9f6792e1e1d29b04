"""How far apart the arms of two folders are: means over seeds and the interval of their difference."""

import math
from dataclasses import dataclass

from alexnet_tf.results.csv_rows import metric_columns
from alexnet_tf.statistics.intervals import mean_interval, unpaired_interval
from experiments import EXPERIMENTS
from experiments.compare.folders import Folder, Pair
from experiments.experiment import COMMON_METRICS
from experiments.report import wording

COMMON = tuple(metric.name for metric in COMMON_METRICS)
FRACTIONS = {
    metric.name
    for metrics in (COMMON_METRICS, *(experiment.metrics for experiment in EXPERIMENTS))
    for metric in metrics
    if metric.is_fraction
}
ONE_SAMPLE = "the same runs with the same numbers, A − B 0"


@dataclass(frozen=True)
class Side:
    """One metric of an arm in one folder.

    Attributes:
        values: of its finished runs, by seed.
        without: how many finished runs have none.
        left_out: how many runs diverged or failed.
    """

    values: list[float]
    without: int
    left_out: int


def mean_differences(pair: Pair) -> list[str]:
    """Every metric of every arm that both folders have, a line each.

    The interval is Welch's, of 95%: the two samples count as independent, also where they share seeds, for
    that two runs of one seed stay close is not assumed. The same runs with the same values are one sample,
    not two: where all of an arm are, it is only named.

    Example:
        ablation-pooling overlapping, gap: A 2.64% (n 5), B 2.43% (n 3), A − B +0.22 points [−0.27, +0.70]
    """
    if not (pair.left.runs and pair.right.runs):
        return []
    own = [name for name in metric_columns(pair.left.runs.header) if name in pair.right.runs.header]
    lines, alike = [], []
    with_rows = [{arm for arm, _ in side.lines} for side in (pair.left, pair.right)]
    for arm in pair.common_arms:
        if not all(arm in arms for arms in with_rows):
            continue
        equal = []
        for metric in (*COMMON, *own):
            sides = _side(pair.left, arm, metric), _side(pair.right, arm, metric)
            if _is_one_sample(pair, arm, metric):
                equal.append(metric)
            # A metric that neither has is measured of other arms.
            elif any(side.values for side in sides):
                lines.append(f"{pair.name(arm, arm)}, {metric}: {_difference(metric, *sides)}")
        if len(equal) == len(COMMON) + len(own):
            alike.append(arm)
        elif equal:
            lines.append(f"{pair.name(arm, arm)}, {', '.join(equal)}: {ONE_SAMPLE}")
    if alike:
        lines.append(f"{' / '.join(dict.fromkeys(pair.names))} {', '.join(alike)}: {ONE_SAMPLE}")
    return lines


def _is_one_sample(pair: Pair, arm: str, metric: str) -> bool:
    sides = [
        {
            key: (line.texts.get(metric), line.row["status"])
            for key, line in side.lines.items()
            if key[0] == arm
        }
        for side in (pair.left, pair.right)
    ]
    return sides[0] == sides[1] and all((key, key) in pair.same for key in sides[0])


def _side(folder: Folder, arm: str, metric: str) -> Side:
    rows = [folder.lines[key].row for key in sorted(folder.lines) if key[0] == arm]
    found = [row.get(metric) for row in rows if row["status"] == "done"]
    values = [value for value in found if value is not None and math.isfinite(value)]
    return Side(values, len(found) - len(values), len(rows) - len(found))


def _difference(metric: str, a: Side, b: Side) -> str:
    """Both means and their difference; none where runs without a value, beyond every value, would bias it."""
    means = f"A {_mean(metric, a)}, B {_mean(metric, b)}"
    incomplete = [name for name, side in (("A", a), ("B", b)) if side.without]
    if incomplete:
        return f"{means}, no difference, for some runs of {' and '.join(incomplete)} have no value"
    if not (a.values and b.values):
        return f"{means}, no difference"
    difference = mean_interval(a.values).mean - mean_interval(b.values).mean
    interval = unpaired_interval(a.values, b.values)
    if interval is None:
        return f"{means}, A − B {_amount(metric, difference, difference)}, no interval: a side has one run"
    like = max(map(abs, (difference, *interval)))
    low, high = (_amount(metric, end, like, unit=False) for end in interval)
    return f"{means}, A − B {_amount(metric, difference, like)} [{low}, {high}]"


def _mean(metric: str, side: Side) -> str:
    known = len(side.values)
    n = f"n {known}" + (f" of {known + side.without}" if side.without else "")
    n += f", {side.left_out} not finished" if side.left_out else ""
    if not known:
        return f"– ({n})"
    mean = mean_interval(side.values).mean
    return f"{f'{100 * mean:.2f}%' if metric in FRACTIONS else wording.number(mean)} ({n})"


def _amount(metric: str, value: float, like: float, unit: bool = True) -> str:
    if metric in FRACTIONS:
        # Rounded to what is shown, and without the sign of a zero.
        return wording.points(round(value, 4) + 0.0) + (" points" if unit else "")
    return ("+" if value > 0 else "") + wording.number(value, like)
