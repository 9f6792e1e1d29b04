"""What an experiment found, in one sentence: the title of its figure, and the last line of `run`."""

from experiments.evidence import wording
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence
from experiments.report.conditions import joined

# Names of arms that are written otherwise in a sentence.
LABELS = {"relu": "ReLU"}


def finding(evidence: Evidence) -> str:
    """The verdict and the claim; for runs that do not test the claim, what was measured instead."""
    on, experiment = f"on {joined(evidence.rows, 'dataset')}", evidence.experiment
    about = [one for one in evidence.with_rows if one.comparison.primary]
    if about:
        verdict = _capital(evidence.verdict)
        if len({one.verdict for one in about}) > 1:
            verdict += " (its comparisons differ)"
        return f"{verdict} {on}: {experiment.statement.rstrip('.')}"
    if evidence.with_rows:
        return f"{_capital(on)}: {'; '.join(measured(one) for one in evidence.with_rows[:2])}"
    return f"{_capital(on)}: {experiment.metric(experiment.figure).title} of {'; '.join(evidence.arms)}"


def conclusion(evidence: Evidence) -> str:
    """The finding and the numbers behind it, on two lines."""
    found = finding(evidence)
    numbers = "; ".join(measured(one) for one in evidence.with_rows if one.comparison.primary)
    return f"{found}\n{numbers}".rstrip()


def measured(one: Judged) -> str:
    """A comparison and its effect.

    Example:

    >>> from alexnet_tf.statistics.effects import Effect
    >>> from experiments.claims.relu import EXPERIMENT
    >>> measured(Judged(EXPERIMENT.comparisons[0], Effect(3, 4.1, 3.2, 5.3, 0.01), None, "", ()))
    'ReLU 4.10 times faster than tanh [3.20, 5.30], in epochs to 25% training error'
    """
    comparison = one.comparison
    if comparison.metric.unit == "epochs" and comparison.kind == "ratio" and one.effect.effect is not None:
        return f"{times_faster(one, f' than {label(comparison.arm)}')}, in {comparison.metric.title}"
    return f"{wording.measure(comparison)}: {wording.judged_effect(one)}"


def times_faster(one: Judged, than: str = "") -> str:
    """How much faster the baseline of a ratio of epochs is: "ReLU 4.10 times faster [3.20, 5.30]"."""
    times = wording.estimate(one.effect, one.comparison).removesuffix(wording.TIMES)
    interval = wording.interval(one.effect, one.comparison)
    return f"{label(one.comparison.baseline)} {times} times faster{than} {interval}".rstrip()


def label(arm: str) -> str:
    """The name of an arm in a sentence."""
    return LABELS.get(arm, arm)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
