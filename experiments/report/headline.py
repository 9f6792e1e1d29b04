"""The verdicts of all experiments in one line."""

from collections.abc import Sequence

from alexnet_tf.statistics.effects import NO_PAIRS
from experiments.evidence import wording
from experiments.evidence.effects import VERDICTS
from experiments.evidence.read import Evidence


def count_verdicts(found: Sequence[Evidence]) -> str:
    """Counts the experiments by verdict; an experiment counts once for each data set that has pairs.

    The paper's claims and questions of our own are counted separately.
    """
    decided = [one for one in found if one.verdict != NO_PAIRS]
    papers = [one for one in decided if one.experiment.is_of_paper]
    own = [one for one in decided if not one.experiment.is_of_paper]
    text = f"The paper's claims{_counts(papers) if papers else f': {NO_PAIRS}'}"
    return f"{text}; questions of our own{_counts(own)}" if own else text


def _counts(found: Sequence[Evidence]) -> str:
    verdicts = [wording.short_verdict(one.verdict) for one in found]
    kinds = dict.fromkeys(map(wording.short_verdict, reversed(VERDICTS)))
    counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in kinds if kind in verdicts)
    return f" in {len(found)} experiment{'s' * (len(found) != 1)}: {counts}"
