import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from alexnet_tf.results.columns import metric_columns
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.statistics.intervals import unpaired_interval
from experiments import EXPERIMENTS
from experiments.compare.folders import RUNS, Pair, Side
from experiments.compare.rows import common_rows
from experiments.evidence import wording
from experiments.evidence.read import variants_of
from experiments.experiment import COMMON_METRICS, Variant

COMMON = [metric.name for metric in COMMON_METRICS]
NAMED = {each.name: each for each in EXPERIMENTS}
ALL = [metric for each in EXPERIMENTS for metric in (*COMMON_METRICS, *each.metrics)]
FRACTIONS = {metric.name for metric in ALL if metric.is_fraction}
NOT_AVERAGED = {metric.name for metric in ALL if not metric.is_averaged}


@dataclass(frozen=True)
class Sample:
    """The values of one metric over the runs of one arm.

    Attributes:
        values: finite values of the done runs; only one of them if all runs measured the same ensemble.
        without: number of done runs without a finite value, such as those that missed the target.
        unfinished: number of runs that diverged or failed.
    """

    values: Sequence[float]
    without: int
    unfinished: int


def mean_differences(pair: Pair) -> list[str]:
    """Lines that compare the means of two folders of results, one for each common arm and metric.

    There is no line if the common runs of an arm have equal configurations and equal values of the metric, or
    if neither side has a value. The 95% interval is Welch's, for unpaired samples: runs with the same seed
    may differ widely here.

    Example:
        ablation-pooling overlapping, gap: A 2.64% (n 5), B 2.43% (n 3), A − B +0.22 points [−0.27, +0.70]
    """
    lines, same = [], set(common_rows(pair, RUNS)[0])
    for arm in common_arms(pair):
        common = [run for run in pair.a.runs if run in pair.b.runs and run[0] == arm]
        for metric in (name for name in metrics(pair.a) if name in metrics(pair.b)):
            values = [[side.runs[run][metric] for run in common] for side in (pair.a, pair.b)]
            agree = common and values[0] == values[1] and same.issuperset(common)
            sides = sample(pair.a, arm, metric), sample(pair.b, arm, metric)
            # If neither side has a value, the metric belongs to other arms.
            if any(side.values for side in sides) and not agree:
                lines.append(f"{pair.name} {arm}, {metric}: {_difference(metric, *sides)}")
    return lines


def equivalence(pair: Pair, metric: str, margin: float) -> list[tuple[bool, str]]:
    """Tests for each common arm whether the means of a metric differ by less than the margin.

    Equivalence is shown if the 90% Welch interval of A − B lies within ±margin (two one-sided tests at 5%).
    It is not shown if a side has only one value, or a run that did not finish or has no value.

    Args:
        margin: in units of the metric; for an error, 0.01 is one point.

    Returns:
        (whether equivalence is shown, a line of text) for each common arm.

    Raises:
        InputError: if a side does not have the metric, or its mean is not meaningful.
    """
    for side in (pair.a, pair.b):
        if side.runs and metric not in metrics(side):
            known = ", ".join(metrics(side))
            raise InputError(f"--metric: expected one of {known} in {side.path}; received {metric}")
    found = []
    for arm in common_arms(pair):
        sides = sample(pair.a, arm, metric), sample(pair.b, arm, metric)
        interval = unpaired_interval(sides[0].values, sides[1].values, 0.90)
        whole = not any(side.without or side.unfinished for side in sides)
        shown = interval is not None and whole and max(map(abs, interval)) < margin
        text = f"{pair.name} {arm}, {metric}: {_difference(metric, *sides, 0.90)}"
        found.append((shown, f"{text}: {'equivalent' if shown else 'not shown equivalent'}"))
    return found


def common_arms(pair: Pair) -> list[str]:
    others = {arm for arm, _ in pair.b.runs}
    return list(dict.fromkeys(arm for arm, _ in pair.a.runs if arm in others))


def metrics(side: Side) -> list[str]:
    """The metrics of a runs.csv whose means are meaningful; empty if it has no rows."""
    row = next(iter(side.runs.values()), {})
    found = [*COMMON, *metric_columns(list(row))] if row else []
    return [name for name in found if name not in NOT_AVERAGED]


def sample(side: Side, arm: str, metric: str) -> Sample:
    rows = [side.runs[run] for run in sorted(side.runs) if run[0] == arm]
    done = [row[metric] for row in rows if row["status"] == "done"]
    values = [value for value in done if isinstance(value, float) and math.isfinite(value)]
    without = len(done) - len(values)
    if _is_one_ensemble(side, arm, metric):
        values = values[:1]
    return Sample(values, without, len(rows) - len(done))


def _is_one_ensemble(side: Side, arm: str, metric: str) -> bool:
    experiment = NAMED.get(side.experiment)
    if experiment is None or metric not in [each.name for each in experiment.probe_metrics]:
        return False
    rows = [row for row in side.runs.values() if row["arm"] == arm]
    of = variants_of(rows, side.records).get(arm, Variant(arm)).of
    seeds = {row["seed"] for row in rows}
    return any(each.name == of and each.is_one_ensemble(seeds) for each in experiment.arms)


def _difference(metric: str, a: Sample, b: Sample, confidence: float = 0.95) -> str:
    means = f"A {_mean(metric, a)}, B {_mean(metric, b)}"
    incomplete = [name for name, side in (("A", a), ("B", b)) if side.without]
    if incomplete:
        return f"{means}, unknown difference: some runs of {' and '.join(incomplete)} have no value"
    if not (a.values and b.values):
        return f"{means}, unknown difference"
    difference = fmean(a.values) - fmean(b.values)
    interval = unpaired_interval(a.values, b.values, confidence)
    ends = interval or ()
    like = max(map(abs, (difference, *ends)))
    texts = [wording.difference(value, metric in FRACTIONS, like) for value in (difference, *ends)]
    text = f"{means}, A − B {texts[0]}{' points' if metric in FRACTIONS else ''}"
    return f"{text} [{texts[1]}, {texts[2]}]" if interval else f"{text}, no interval: a side has one value"


def _mean(metric: str, side: Sample) -> str:
    n = f"n {len(side.values)}" + (f" of {len(side.values) + side.without}" if side.without else "")
    n += f", {side.unfinished} not finished" if side.unfinished else ""
    if not side.values:
        return f"– ({n})"
    mean = fmean(side.values)
    return f"{f'{100 * mean:.2f}%' if metric in FRACTIONS else wording.number(mean)} ({n})"
