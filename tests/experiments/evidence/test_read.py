"""The committed results agree with the declared experiments."""

import pytest

from alexnet_tf.config.fields import Config
from alexnet_tf.results.folder import read_lr_search, read_runs
from experiments import EXPERIMENTS
from experiments.evidence.read import contradictions
from tests.experiments.committed import NAMED, RESULTS, all_committed, committed, committed_folders, name_of


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_the_declared_rate_of_every_arm_won_its_search(experiment):
    folder = RESULTS / experiment.dataset / experiment.name
    search = read_lr_search(folder)
    assert not search.problems
    recorded = {row["arm"] for row in read_runs(folder).rows}
    searched = [arm.config for each in EXPERIMENTS for arm in each.arms if arm.grid]
    for arm in experiment.arms:
        if not arm.grid:
            # An arm without a search measures the nets of another arm, or has rate 0, or has the rate of
            # another arm of the claim.
            of_claim = [arm for each in EXPERIMENTS if each.claim == experiment.claim for arm in each.arms]
            partners = {each.config.train.learning_rate for each in of_claim if each.grid}
            assert arm.config in searched or arm.config.train.learning_rate in {0, *partners}, arm.name
            continue
        tried = [row for row in search.rows if row["arm"] == arm.name]
        winners = sorted({row["learning_rate"] for row in tried if row["winner"]})
        if not winners:
            assert arm.name not in recorded, f"{arm.name} has runs but no finished search"
            assert not tried, f"the search of {arm.name} has no winner"
            continue
        rates = sorted(row["learning_rate"] for row in tried)
        assert winners == [arm.config.train.learning_rate], arm.name
        assert set(arm.grid) <= set(rates), arm.name
        assert rates[0] < winners[0] < rates[-1], f"{arm.name}: the winner is on the edge of its grid"


@pytest.mark.parametrize("folder", committed_folders("runs.csv"), ids=name_of)
def test_rows_have_no_problems_and_agree_with_their_records_and_arms(folder):
    found = committed(folder)
    assert found.problems == []
    runs, records = found.rows, found.records
    assert {row["run_id"] for row in runs} == set(records)
    assert len({(row["data_fingerprint"], row["precision"]) for row in runs}) <= 1
    for row in runs:
        record = records[row["run_id"]]
        config = Config.from_dict(record["config"])
        assert record["data"]["fingerprint"] == row["data_fingerprint"]
        assert not row["git_commit"].endswith("+"), row["run_id"]
        declared = NAMED[folder.name].arm(row["arm"])
        same = {"seed": 0, "dataset": "cifar10", "precision": "float32"}
        assert config.replace(**same) == declared.config.replace(**same), row["run_id"]
        # Pairs are not added to a known result.
        assert row["seed"] in declared.seeds, row["run_id"]


def test_no_configuration_has_two_results():
    assert contradictions(all_committed()) == []
