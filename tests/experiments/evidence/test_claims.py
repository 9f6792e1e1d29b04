import dataclasses

import pytest

from experiments.evidence.claims import claims_of, count_verdicts
from experiments.evidence.read import read_evidence, without_rows
from tests.experiments.made_up_results import POOLING, SPEED, fall, pooling_results, record

NEARER = dataclasses.replace(POOLING, name="pooling-nearer")


def test_the_headline_counts_claims(found):
    # The effect of pooling is -.40 points; its interval, [-.65, -.15], contains s = -.2 points.
    assert count_verdicts(found).endswith("(2): 1 reproduced; 1 direction confirmed, size open")


def test_the_nearest_complete_condition_decides(tmp_path, found):
    def claim_of(*experiments):
        (claim,) = claims_of(read_evidence(tmp_path, experiments), experiments)
        return claim

    claim = claim_of(NEARER, POOLING)
    assert (claim.name, claim.decides.folder) == ("C4", found[1].folder)
    assert claim.verdict == "direction confirmed, size open"
    for seed, error in enumerate((0.3, 0.4, 0.3)):
        if seed:
            # The nearer condition does not have all its pairs yet, so the complete one decides.
            claim = claim_of(NEARER, POOLING)
            assert [one.is_complete for one in claim.conditions] == [True, False]
            assert claim.verdict == "direction confirmed, size open"
            assert claim_of(NEARER).verdict == "undecided"
        for arm, own in (("separate", 0.3), ("overlapping", error)):
            record(tmp_path / "builtin" / NEARER.name, NEARER, arm, seed, [0.9, own])
    claim = claim_of(NEARER, POOLING)
    assert [one.experiment.name for one in claim.conditions] == ["pooling-nearer", "pooling"]
    assert claim.verdict == "undecided"
    assert count_verdicts(claim.conditions) == "The paper's claims (1): 1 undecided"
    # Conditions on the declared data set (builtin) come first.
    pooling_results(tmp_path / "other" / NEARER.name, NEARER)
    assert [one.dataset for one in claim_of(POOLING, NEARER).conditions] == ["builtin", "builtin", "other"]


def test_a_question_of_our_own_is_listed_only_if_it_was_run(found):
    toy = dataclasses.replace(SPEED, name="toy", claim="toy")
    assert [claim.name for claim in claims_of(found, [SPEED, POOLING, toy])] == ["C1", "C4"]
    ran = dataclasses.replace(found[0], experiment=toy)
    assert [claim.name for claim in claims_of([ran], [SPEED, toy])] == ["C1", "toy"]
    assert without_rows([SPEED, toy], found[1:]) == [SPEED]


def test_the_scale_is_given_on_the_declared_data_set_only(tmp_path, found):
    small = dataclasses.replace(found[0], experiment=dataclasses.replace(SPEED, scale="small"))
    assert small.scale == "small"
    assert dataclasses.replace(small, folder=tmp_path / "other" / "speed").scale == ""


@pytest.mark.parametrize(
    ("shift", "s", "verdict"),
    [
        # The control's differences are -.4, -.5, -.3 points plus the shift.
        (0.0, -0.004, "direction confirmed, size open"),
        (0.004, -0.0001, "direction confirmed, size open, cause open"),
        (0.004, -0.01, "direction confirmed, size open, explained by the weather"),
        (0.01, -0.01, "direction confirmed, size open, explained by the weather"),
    ],
)
def test_a_control_qualifies_the_verdict(tmp_path, shift, s, verdict):
    def moved(row, curve):
        return curve[-1]["test_error"] + shift * (row["arm"] == "overlapping")

    def verdict_with(primary):
        experiment = dataclasses.replace(POOLING, comparisons=(primary, control))
        return read_evidence(tmp_path, [experiment])[0].verdict

    primary = POOLING.comparisons[0]
    metric = dataclasses.replace(primary.metric, name="moved", derived=moved)
    changes = {"smallest_effect": s, "primary": False, "control": "the weather"}
    control = dataclasses.replace(primary, metric=metric, **changes)
    pooling_results(tmp_path / "builtin" / "pooling")
    assert verdict_with(primary) == verdict
    # A verdict that does not confirm the claim needs no explanation.
    assert verdict_with(dataclasses.replace(primary, smallest_effect=0.002)) == "opposite"


def test_a_claim_without_pairs_is_not_counted(tmp_path):
    record(tmp_path / "builtin" / "speed", SPEED, "relu", 0, fall(4, 8))
    found = read_evidence(tmp_path, [SPEED])
    assert count_verdicts(found) == "The paper's claims: no pairs yet"
    assert claims_of(found, [SPEED])[0].decides is None


def test_questions_of_our_own_are_counted_separately(tmp_path, found):
    own = dataclasses.replace(POOLING, claim="pooling-form")
    assert (POOLING.is_of_paper, own.is_of_paper) == (True, False)
    papers, ours = count_verdicts(read_evidence(tmp_path, [SPEED, own])).split(". ")
    assert papers.endswith("(1): 1 reproduced")
    assert ours.endswith("(1): 1 direction confirmed, size open")


@pytest.mark.parametrize(("status", "is_complete"), [("done", True), ("failed", False), ("diverged", True)])
def test_a_failed_run_leaves_a_condition_incomplete(found, status, is_complete):
    first, *others = found[1].rows
    changed = dataclasses.replace(found[1], rows=[{**first, "status": status}, *others])
    assert changed.is_complete == is_complete
