import re
from dataclasses import replace
from pathlib import Path

import pytest

from alexnet_tf.results.columns import LR_SEARCH
from alexnet_tf.results.folder import record_search
from experiments.evidence.read import Evidence
from experiments.report.conditions import count, notes
from tests.experiments.made_up_results import POOLING, SPEED, pooling_results, record, speed_results
from tests.experiments.tables_read_back import reported
from tests.in_text import numbers


@pytest.mark.parametrize(
    ("own", "source", "arm", "seeds", "lines"),
    [
        (True, "other", "separate", [3], ["runs: 7; .* 60 seconds .*", r".* other: `separate` \(seed 3\)"]),
        (False, "other", "separate", [0, 1], ["runs: 2; none .*", ".* other: `separate`"]),
        (True, "pooling-separate", "overlapping", [0, 1, 2], [".* `overlapping` .* `separate`"]),
    ],
)
def test_nets_of_another_arm_are_listed_below_the_table(tmp_path, own, source, arm, seeds, lines):
    folder = pooling_results(tmp_path) if own else tmp_path
    for seed in seeds:
        message = f"shared with {source}-seed{seed}-0123456789"
        record(folder, POOLING, arm, seed, [0.9, 0.2], message=message, probe=None)
    _, table = reported(folder, POOLING)
    for line in lines:
        assert re.search(f"^- {line}$", table, re.MULTILINE), line


def test_interrupted_runs_are_not_called_failed():
    messages = "", "OSError: no space", "interrupted by SIGINT in epoch 2; ..."
    rows = [{"status": "failed" if message else "done", "message": message} for message in messages]
    assert count(rows) == "3 (1 failed, 1 interrupted)"


def test_a_rate_chosen_without_reaching_the_target_is_reported(tmp_path):
    folder = speed_results(tmp_path)
    for arm, value in (("relu", 4.5), ("tanh", None)):
        row = dict.fromkeys(LR_SEARCH.names, "") | {
            "experiment": "speed", "arm": arm, "learning_rate": 0.01, "seed": 1000, "epochs": 6,
            "status": "done", "value": value, "train_error": 0.3, "selection_error": 0.3, "winner": True,
            "config_hash": arm,
        }  # fmt: skip
        record_search(folder, [row])
    _, table = reported(folder, SPEED)
    (line,) = [line for line in table.splitlines() if "no rate" in line]
    assert "`tanh`" in line
    assert "relu" not in line


def test_rates_that_the_search_cannot_separate_are_listed():
    rows = [{"arm": arm, "dataset": "another", "run_id": arm} for arm in ("separate", "overlapping")]
    records = {arm: {"data": {"train_examples": 1000}} for arm in ("separate", "overlapping")}

    def said(separate, overlapping, records=records):
        found = [
            {"arm": arm, "value": value, "winner": i == 0, "learning_rate": 0.01 * 2**i}
            | {"objective": "selection_error", "seed": 1000}
            for arm, values in (("separate", separate), ("overlapping", overlapping))
            for i, value in enumerate(values)
        ]
        return notes(Evidence(replace(POOLING, notes=()), rows, records, Path("any"), []), found)

    (tied,) = said([0.9, 0.9], [0.3, 0.4])
    assert re.findall("`.*?`", tied) == ["`separate`"]
    assert numbers(tied) == []
    # The selection split has 100 images (a tenth), so an error of .2 has the standard error
    # sqrt(.2 * .8 / 100) = .04. Errors of at most .2 + 2 * .04 tie with it: .21 and .2799 do, .2801 does not.
    (close,) = said([0.2, 0.39, 0.2799, 0.21], [0.2, 0.2801])
    assert "`separate` (0.01; " in close
    assert numbers(close.split("`separate`")[1]) == [0.01, 0.08, 0.04]
    assert said([0.9, 0.9001], [0.3, 0.4]) == [tied]
    assert said([0.2, 0.2399], [0.3, 0.4], records={}) == []


def test_of_two_seeds_the_means_are_compared_with_the_noise_of_their_common_split():
    # The split has 100 images, so a mean error of .2 has the standard error .04, and means of at most .28 tie
    # with it: that of the rate .02 (.279) does, that of .04 (.281) does not. The rate .08 has only one seed,
    # so it is not compared.
    first, second = [0.2, 0.26, 0.29, 0.2], [0.2, 0.298, 0.272, None]
    found = [
        {"arm": "separate", "value": value, "winner": i == 0, "learning_rate": 0.01 * 2**i, "seed": seed}
        | {"objective": "selection_error"}
        for seed, values in ((1000, first), (1001, second))
        for i, value in enumerate(values)
        if value is not None
    ]
    rows = [{"arm": "separate", "dataset": "another", "run_id": "separate"}]
    records = {"separate": {"data": {"train_examples": 1000}}}
    (close,) = notes(Evidence(replace(POOLING, notes=()), rows, records, Path("any"), []), found)
    assert numbers(close.split("`separate`")[1]) == [0.01, 0.02]
