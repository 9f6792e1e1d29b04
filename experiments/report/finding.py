from alexnet_tf.statistics.effects import NO_PAIRS
from experiments.evidence import wording
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence

LABELS = {
    "relu": "ReLU",
    "builtin": "the built-in set",
    "cifar10": "CIFAR-10",
    "fashion_mnist": "Fashion-MNIST",
    "tiny_imagenet100": "Tiny ImageNet (100 classes)",
}


def finding(evidence: Evidence, decider: Evidence | None = None) -> str:
    """The experiment's statement and verdict in words, or only what was measured.

    The verdict is left out if the runs have different precisions or no primary comparison has rows.

    `decider` is the evidence that decides the claim, if it is not this one.
    """
    experiment = evidence.experiment
    datasets = ", ".join(sorted({label(row["dataset"]) for row in evidence.rows}))
    precisions = sorted({row["precision"] for row in evidence.rows})
    if len(precisions) > 1:
        measure = experiment.metric(experiment.figure).title
        return f"{' and '.join(precisions)} on {datasets}: {measure} of {', '.join(evidence.arms)}"
    about = [one for one in evidence.with_rows if one.comparison.primary]
    if about:
        remarks = ["the weakest of its comparisons"] * (len({one.verdict for one in about}) > 1)
        remarks += [f"not the verdict on {experiment.claim}"] * bool(decider)
        remark = f" ({'; '.join(remarks)})" if remarks else ""
        return f"“{experiment.statement.rstrip('.')}”, on {datasets}: {evidence.verdict}{remark}"
    if evidence.with_rows:
        return f"On {datasets}: {'; '.join(measured(one) for one in evidence.with_rows[:2])}"
    alone = ", the only arm that was run" if len(evidence.arms) == 1 else ""
    measure = experiment.metric(experiment.figure).title
    return f"On {datasets}: {measure} of {'; '.join(evidence.arms)}{alone}"


def decided_elsewhere(decider: Evidence) -> str:
    experiment = decider.experiment
    place = f"{experiment.name} on {label(decider.dataset)}"
    return f"The verdict on {experiment.claim} comes from {place}: {decider.verdict}."


def missing_pairs(evidence: Evidence) -> str:
    """A sentence if the evidence has some of its declared pairs, but not all; else empty."""
    is_partial = not evidence.is_complete and evidence.verdict != NO_PAIRS
    return "Incomplete: some of the declared pairs are missing." if is_partial else ""


def conclusion(evidence: Evidence, decider: Evidence | None = None) -> str:
    found = finding(evidence, decider)
    numbers = "; ".join(measured(one) for one in evidence.with_rows if one.comparison.primary)
    return f"{found}\n{numbers}".rstrip()


def measured(one: Judged) -> str:
    """A comparison and its effect, in words.

    Example:

    >>> from alexnet_tf.statistics.effects import Effect
    >>> from experiments.claims.relu import EXPERIMENT
    >>> measured(Judged(EXPERIMENT.comparisons[0], Effect(3, 4.1, 3.2, 5.3, 0.01), None, "", ()))
    'ReLU 4.10 times faster than tanh [3.20, 5.30], in epochs to 25% training error'
    """
    comparison = one.comparison
    if comparison.metric.unit == "epochs" and comparison.kind == "ratio" and one.effect.effect is not None:
        return f"{times_faster(one, is_whole=True)}, in {comparison.metric.title}"
    return f"{wording.measure(comparison)}: {wording.judged_effect(one)}"


def times_faster(one: Judged, is_whole: bool = False) -> str:
    """How many times faster the baseline is than the arm (the ratio arm / baseline), in words.

    If `is_whole`, the text also names the arm.

    Example:

    >>> from alexnet_tf.statistics.effects import Effect
    >>> from experiments.claims.relu import EXPERIMENT
    >>> never = Effect(3, None, None, None, None, bound="none")
    >>> times_faster(Judged(EXPERIMENT.comparisons[0], never, None, "", ()), is_whole=True)
    'ReLU and tanh: censored on both sides'
    """
    baseline, arm = label(one.comparison.baseline), label(one.comparison.arm)
    estimate = wording.estimate(one.effect, one.comparison)
    if one.effect.effect is None:
        return f"{baseline}{f' and {arm}' * is_whole}: {estimate}"
    interval = wording.interval(one.effect, one.comparison)
    than = f" than {arm}" * is_whole
    return f"{baseline} {estimate.removesuffix(wording.TIMES)} times faster{than} {interval}".rstrip()


def label(name: str) -> str:
    return LABELS.get(name, name)
