"""Decides one verdict per claim, from the evidence of one of its conditions (`claims_of` chooses it)."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alexnet_tf.statistics.effects import NO_PAIRS, UNDECIDED, VERDICTS, no_effect
from experiments.evidence.effects import Judged, weakest
from experiments.evidence.paper import Place, place_of
from experiments.evidence.read import Evidence, read_evidence
from experiments.experiment import Experiment


@dataclass(frozen=True)
class Claim:
    """A claim with its experiments and their evidence.

    Attributes:
        experiments: its experiments in declared order, the one nearest to the paper first (except for C4).
        conditions: the evidence of its conditions (an experiment on a data set each), in the order of
            `claims_of`. The first one decides if it has pairs.
    """

    name: str
    experiments: tuple[Experiment, ...]
    conditions: tuple[Evidence, ...]

    @property
    def decides(self) -> Evidence | None:
        """The evidence that gives the claim its verdict; None if no primary comparison has a pair."""
        return next((one for one in self.conditions if one.verdict != NO_PAIRS), None)

    @property
    def verdict(self) -> str:
        return self.decides.verdict if self.decides else NO_PAIRS

    @property
    def is_of_paper(self) -> bool:
        return self.experiments[0].is_of_paper


def claims_of(found: Sequence[Evidence], experiments: Sequence[Experiment]) -> list[Claim]:
    """The claims in the order of their experiments.

    The evidence of a claim is sorted by these criteria, in this order:

    1. evidence with pairs before evidence without pairs;
    2. the experiment's own data set before other data sets;
    3. evidence with all declared pairs before incomplete evidence;
    4. the order of `experiments`;
    5. the name of the data set.

    Claims of the paper always appear, questions of our own only if they have evidence.
    """
    measured = {one.experiment.claim for one in found}
    names = dict.fromkeys(each.claim for each in experiments if each.claim in measured or each.is_of_paper)
    order = {experiment.name: number for number, experiment in enumerate(experiments)}

    def place(evidence: Evidence) -> tuple[bool, bool, bool, int, str]:
        elsewhere = evidence.dataset != evidence.experiment.dataset
        number = order[evidence.experiment.name]
        return evidence.verdict == NO_PAIRS, elsewhere, not evidence.is_complete, number, evidence.dataset

    return [
        Claim(
            name,
            tuple(experiment for experiment in experiments if experiment.claim == name),
            tuple(sorted((one for one in found if one.experiment.claim == name), key=place)),
        )
        for name in names
    ]


def decided_by(evidence: Evidence, experiments: Sequence[Experiment]) -> Evidence | None:
    """The evidence in the same results directory that decides the claim; None if it is this one, or none."""
    conditions = [each for each in experiments if each.claim == evidence.experiment.claim]
    # A relative path has too few parents if the working directory lies in the results directory.
    folder = evidence.folder.absolute()
    for claim in claims_of(read_evidence(folder.parents[1], conditions), conditions):
        if claim.decides and claim.decides.folder != folder:
            return claim.decides
    return None


def weakest_of(claim: Claim) -> Judged | None:
    """The primary comparison with the weakest verdict, in the evidence that decides; None without pairs.

    Among equal verdicts, effects whose whole interval is weaker than the paper's number come first, then the
    effect that is smallest in units of s (the smallest effect of interest).
    """
    if claim.decides is None:
        return None

    def weakness(one: Judged) -> tuple[int, bool, float]:
        is_weaker = place_of(one.effect, one.comparison)[0] is Place.WEAKER
        verdict = UNDECIDED if one.verdict == NO_PAIRS else one.verdict
        return VERDICTS.index(verdict), is_weaker, -_in_units_of_s(one)

    return max(claim.decides.primary, key=weakness)


def _in_units_of_s(one: Judged) -> float:
    comparison, effect = one.comparison, one.effect.effect
    if effect is None:
        return -math.inf
    null = no_effect(comparison.kind)
    if comparison.kind == "ratio":
        return math.log(effect) / math.log(comparison.smallest_effect)
    return (effect - null) / (comparison.smallest_effect - null)


def count_verdicts(found: Sequence[Evidence]) -> str:
    """Counts the claims that have pairs, by verdict: first those of the paper, then questions of our own.

    Verdicts with a remark, such as "cause open", are counted separately.
    """
    experiments = list(dict.fromkeys(evidence.experiment for evidence in found))
    decided = [claim for claim in claims_of(found, experiments) if claim.decides]
    papers = [claim for claim in decided if claim.is_of_paper]
    own = [claim for claim in decided if not claim.is_of_paper]
    text = f"The paper's claims ({len(papers)}): {_counts(papers)}" if papers else ""
    text = text or f"The paper's claims: {NO_PAIRS}"
    return f"{text}. Questions of our own ({len(own)}): {_counts(own)}" if own else text


def _counts(claims: Sequence[Claim]) -> str:
    counts = Counter(claim.verdict for claim in claims)
    ranks = {
        claim.verdict: VERDICTS.index(weakest([one.verdict for one in claim.decides.primary]))
        for claim in claims
        if claim.decides
    }
    ordered = sorted(counts, key=lambda verdict: (ranks[verdict], verdict))
    return "; ".join(f"{counts[verdict]} {verdict}" for verdict in ordered)
