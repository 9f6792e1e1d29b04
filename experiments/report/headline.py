"""The verdicts of all experiments in one line."""

from collections.abc import Sequence

from alexnet_tf.statistics import effects as statistics
from experiments.evidence import wording
from experiments.evidence.effects import VERDICTS
from experiments.evidence.read import Evidence


def count_verdicts(found: Sequence[Evidence]) -> str:
    """The verdicts, one for each experiment on each data set that has pairs, counted.

    Those on the paper's claims apart from those on questions of our own.
    """
    decided = [one for one in found if one.verdict != statistics.NO_PAIRS]
    papers = [one for one in decided if one.experiment.is_of_paper]
    own = [one for one in decided if not one.experiment.is_of_paper]
    if not papers:
        said = f"The paper's claims: {statistics.NO_PAIRS}"
    else:
        said = f"The paper's claims in {_experiments(papers)}: {_counts(papers)}"
    return f"{said}; questions of our own in {_experiments(own)}: {_counts(own)}" if own else said


def _experiments(found: Sequence[Evidence]) -> str:
    return f"{len(found)} experiment{'s' * (len(found) != 1)}"


def _counts(found: Sequence[Evidence]) -> str:
    said = [wording.short_verdict(one.verdict) for one in found]
    kinds = dict.fromkeys(map(wording.short_verdict, reversed(VERDICTS)))
    return ", ".join(f"{said.count(kind)} {kind}" for kind in kinds if kind in said)
