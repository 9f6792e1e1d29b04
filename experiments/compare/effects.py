"""The effects of two folders side by side, whose means may lie tens of points apart."""

from alexnet_tf.statistics.effects import Effect
from alexnet_tf.statistics.intervals import unpaired_interval
from experiments import EXPERIMENTS
from experiments.compare.folders import Folder, Pair
from experiments.evidence.effects import Judged, judge
from experiments.experiment import Experiment
from experiments.report import wording
from experiments.report.readme import ours


def effects_side_by_side(pair: Pair) -> list[str]:
    """Every comparison that the experiments of both folders declare and both have pairs for, a line each.

    The interval of A − B is Welch's, of 95%, over the differences of the pairs; a ratio has none, nor have
    effects that share runs. Where the runs that both have are the same, so are the effects: none are told.

    Example:
        ablation-lrn / ablation-lrn-alexnet: lrn − none, test error: A −1.00 points [−3.48, +1.48] (3 pairs,
        inconclusive), B +1.00 points [−1.48, +3.48] (3 pairs, inconclusive), A − B −2.00 points
        [−4.27, +0.27]
    """
    left, right = (_declared(side) for side in (pair.left, pair.right))
    if not (left and right) or (pair.same and not pair.other_config):
        return []
    judged = _judged(right, pair.right)
    lines = []
    for contrast, a in _judged(left, pair.left).items():
        b = judged.get(contrast)
        if b and a.effect.n and b.effect.n:
            measure = f"{wording.contrast(a.comparison)}, {a.comparison.metric.title}"
            name = " / ".join(dict.fromkeys(pair.names))
            lines.append(f"{name}: {measure}: A {_said(a)}, B {_said(b)}{_difference(pair, a, b)}")
    return lines


def _declared(folder: Folder) -> Experiment | None:
    """The experiment that a folder's rows are of; none where they are of none, or no rows of runs."""
    known = {experiment.name: experiment for experiment in EXPERIMENTS}
    return known.get(folder.experiment) if folder.runs else None


def _judged(experiment: Experiment, folder: Folder) -> dict[tuple[str, ...], Judged]:
    """(arm, baseline, metric, kind) -> what the rows say of it."""
    rows = [line.row for line in folder.lines.values()]
    found = judge(experiment, rows, folder.records[0])
    return {(c.arm, c.baseline, c.metric.name, c.kind): one for one in found for c in [one.comparison]}


def _said(one: Judged) -> str:
    pairs = f"{one.effect.n} pairs, " if one.effect.n > 1 else ""
    return f"{ours(one)} ({pairs}{wording.short_verdict(one.verdict)})"


def _difference(pair: Pair, a: Judged, b: Judged) -> str:
    """A − B with its interval, after a comma; empty where there is none to be had."""
    comparison = a.comparison
    if comparison.kind != "difference" or a.effect.bound or b.effect.bound:
        return ""
    arms = {comparison.arm, comparison.baseline}
    if any(arms & {one[0], other[0]} for one, other in pair.same):
        return ", no difference: they share runs"
    ends = unpaired_interval(list(a.effect.per_seed.values()), list(b.effect.per_seed.values()))
    if ends is None:
        return ""
    apart = Effect(0, a.effect.effect - b.effect.effect, *ends, None)
    return f", A − B {wording.effect_text(apart, comparison)}"
