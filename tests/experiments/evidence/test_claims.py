"""A claim has the verdict of the condition nearest to the paper; the headline counts claims."""

import dataclasses

import pytest

from experiments.evidence.claims import claims_of, count_verdicts
from experiments.evidence.read import read_evidence, without_rows
from tests.experiments.made_up_results import (
    POOLING,
    SPEED,
    fall,
    pooling_results,
    record,
    speed_results,
)

NEARER = dataclasses.replace(POOLING, name="pooling-nearer")


def test_the_headline_counts_claims(found):
    # Pooling: the interval of the effect -.40, [-.65, -.15], contains s = -.2.
    assert count_verdicts(found).endswith("(2): 1 reproduced; 1 direction confirmed, size open")


def test_the_nearest_condition_that_was_run_decides(tmp_path, found):
    (claim,) = claims_of(found[1:], [NEARER, POOLING])
    assert (claim.name, claim.decides, claim.verdict) == ("C4", found[1], "direction confirmed, size open")
    for seed in range(3):
        # A condition that lacks declared pairs does not decide if another condition is complete.
        if seed:
            (claim,) = claims_of(read_evidence(tmp_path, [NEARER, POOLING]), [NEARER, POOLING])
            assert [one.is_complete for one in claim.conditions] == [True, False]
            assert claim.verdict == "direction confirmed, size open"
            (claim,) = claims_of(read_evidence(tmp_path, [NEARER]), [NEARER])
            assert claim.verdict == "undecided"
        record(tmp_path / "builtin" / NEARER.name, NEARER, "separate", seed, [0.9, 0.3])
        record(
            tmp_path / "builtin" / NEARER.name, NEARER, "overlapping", seed, [0.9, 0.3 + 0.1 * (seed == 1)]
        )
    more = read_evidence(tmp_path, [NEARER, POOLING])
    (claim,) = claims_of(more, [NEARER, POOLING])
    assert [one.experiment.name for one in claim.conditions] == ["pooling-nearer", "pooling"]
    assert claim.verdict == "undecided"
    assert count_verdicts(more) == "The paper's claims (1): 1 undecided"
    # Conditions on the declared data set come before conditions on other data sets.
    pooling_results(tmp_path / "other" / NEARER.name, NEARER)
    (claim,) = claims_of(read_evidence(tmp_path, [POOLING, NEARER]), [POOLING, NEARER])
    assert [one.dataset for one in claim.conditions] == ["builtin", "builtin", "other"]


def test_a_question_of_our_own_is_listed_only_if_it_was_run(found):
    toy = dataclasses.replace(SPEED, name="toy", claim="toy")
    assert [claim.name for claim in claims_of(found, [SPEED, POOLING, toy])] == ["C1", "C4"]
    ran = dataclasses.replace(found[0], experiment=toy)
    assert [claim.name for claim in claims_of([ran], [SPEED, toy])] == ["C1", "toy"]
    assert without_rows([SPEED, toy], found[1:]) == [SPEED]


def test_the_scale_is_given_on_the_declared_data_set_only(tmp_path, found):
    small = dataclasses.replace(found[0], experiment=dataclasses.replace(SPEED, scale="small"))
    elsewhere = dataclasses.replace(small, folder=tmp_path / "other" / "speed")
    assert (small.scale, elsewhere.scale) == ("small", "")


@pytest.mark.parametrize(
    ("shift", "s", "verdict"),
    [
        # The control's differences are -.4, -.5, -.3 points, moved by the shift.
        (0.0, -0.004, "direction confirmed, size open"),
        (0.004, -0.0001, "direction confirmed, size open, cause open"),
        (0.004, -0.01, "direction confirmed, size open, explained by the weather"),
        (0.01, -0.01, "direction confirmed, size open, explained by the weather"),
    ],
)
def test_a_control_qualifies_the_verdict(tmp_path, shift, s, verdict):
    control = dataclasses.replace(
        POOLING.comparisons[0],
        metric=dataclasses.replace(
            POOLING.comparisons[0].metric,
            name="moved",
            derived=lambda row, curve: curve[-1]["test_error"] + shift * (row["arm"] == "overlapping"),
        ),
        smallest_effect=s,
        primary=False,
        control="the weather",
    )
    experiment = dataclasses.replace(POOLING, comparisons=(POOLING.comparisons[0], control))
    pooling_results(tmp_path / "builtin" / "pooling")
    (evidence,) = read_evidence(tmp_path, [experiment])
    assert evidence.verdict == verdict
    # A verdict that does not confirm the claim is not explained.
    opposite = dataclasses.replace(POOLING.comparisons[0], smallest_effect=0.002)
    experiment = dataclasses.replace(POOLING, comparisons=(opposite, control))
    assert read_evidence(tmp_path, [experiment])[0].verdict == "opposite"


def test_a_claim_without_pairs_is_not_counted(tmp_path):
    record(tmp_path / "builtin" / "speed", SPEED, "relu", 0, fall(4, 8))
    found = read_evidence(tmp_path, [SPEED])
    assert count_verdicts(found) == "The paper's claims: no pairs yet"
    assert claims_of(found, [SPEED])[0].decides is None


def test_questions_of_our_own_are_counted_separately(tmp_path):
    own = dataclasses.replace(POOLING, claim="pooling-form")
    assert POOLING.is_of_paper
    assert not own.is_of_paper
    speed_results(tmp_path / "builtin" / "speed")
    pooling_results(tmp_path / "builtin" / "pooling")
    papers, ours = count_verdicts(read_evidence(tmp_path, [SPEED, own])).split(". ")
    assert papers.endswith("(1): 1 reproduced")
    assert ours.endswith("(1): 1 direction confirmed, size open")


def test_a_failed_run_leaves_a_condition_incomplete(tmp_path):
    pooling_results(tmp_path / "builtin" / "pooling")
    (evidence,) = read_evidence(tmp_path, [POOLING])
    assert evidence.is_complete
    first, *others = evidence.rows
    assert not dataclasses.replace(evidence, rows=[{**first, "status": "failed"}, *others]).is_complete
    assert dataclasses.replace(evidence, rows=[{**first, "status": "diverged"}, *others]).is_complete
