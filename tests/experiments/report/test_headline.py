"""The verdicts in one line."""

import dataclasses

import pytest

from experiments.evidence.read import read_evidence
from experiments.report.headline import count_verdicts
from tests.experiments.made_up_results import (
    BOTH_PRIMARY,
    POOLING,
    SPEED,
    fall,
    pooling_results,
    record,
    speed_results,
)


@pytest.fixture
def found(tmp_path):
    speed_results(tmp_path / "builtin" / "speed")
    pooling_results(tmp_path / "builtin" / "pooling")
    return read_evidence(tmp_path, [SPEED, POOLING])


def test_the_title_counts_the_verdicts(found):
    assert count_verdicts(found) == "The paper's claims in 2 experiments: 2 reproduced"
    assert count_verdicts(found[:1]) == "The paper's claims in 1 experiment: 1 reproduced"


def test_a_claim_is_counted_once_and_by_its_weakest_comparison(tmp_path):
    pooling_results(tmp_path / "builtin" / "pooling")
    found = read_evidence(tmp_path, [BOTH_PRIMARY])
    assert [one.verdict for one in found[0].primary] == ["reproduced", "not reproduced"]
    assert count_verdicts(found) == "The paper's claims in 1 experiment: 1 not reproduced"


def test_a_claim_without_pairs_is_not_counted(tmp_path, found):
    record(tmp_path / "other" / "speed", SPEED, "relu", 0, fall(4, 8))
    more = read_evidence(tmp_path, [SPEED, POOLING])
    assert len(more) == len(found) + 1
    assert count_verdicts(more) == count_verdicts(found)
    (none,) = [evidence for evidence in more if evidence.dataset == "other"]
    assert count_verdicts([none]) == "The paper's claims: no pairs yet"


def test_questions_of_our_own_are_counted_apart(tmp_path):
    own = dataclasses.replace(POOLING, claim="pooling-form")
    assert POOLING.is_of_paper
    assert not own.is_of_paper
    speed_results(tmp_path / "builtin" / "speed")
    pooling_results(tmp_path / "builtin" / "pooling")
    assert count_verdicts(read_evidence(tmp_path, [SPEED, own])) == (
        "The paper's claims in 1 experiment: 1 reproduced; questions of our own in 1 experiment: 1 reproduced"
    )
