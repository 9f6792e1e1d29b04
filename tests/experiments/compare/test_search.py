"""Searches of learning rates are compared rate by rate, like runs."""

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments.compare.results import compare
from tests.experiments.compare.altered import (
    ALONE,
    CONFIGS,
    ENVIRONMENTS,
    MEANS,
    edit,
    edit_config,
    record_rates,
    section,
    titles,
)
from tests.experiments.invented import POOLING, SPEED, fall, record


@pytest.fixture
def searched(trees):
    """Two results directories with the same rows, of searches too."""
    for tree in trees:
        for arm, errors in (("relu", {0.01: 0.25, 0.02: 0.5}), ("tanh", {0.005: 0.375, 0.01: 0.4375})):
            record_rates(tree / "builtin" / "speed", SPEED, arm, errors)
    return trees


def test_copies_agree(searched):
    status, text = compare(*searched)
    assert status == 0
    assert "agree: 12 rows of runs.csv, 144 rows of curves.csv, 4 rows of lr_search.csv\n" in text
    assert titles(text) == [MEANS]


def test_three_altered_cells_are_found_and_nothing_else(searched):
    folder = searched[1] / "builtin" / "speed"
    edit(folder / "lr_search.csv", ",0.375,0.385,", ",0.376,0.385,")
    edit_config(folder, "speed", "tanh", 1, "train", learning_rate=0.02)
    path = folder / "runs.csv"
    line = next(line for line in path.read_text().splitlines() if line.startswith("speed-relu-2,"))
    edit(path, line, line.replace(",abc,", ",def,"))
    status, text = compare(*searched)
    assert status == 1
    assert "agree: 12 rows of runs.csv, 144 rows of curves.csv, 3 rows of lr_search.csv\n" in text
    assert titles(text) == ["differ", MEANS, ENVIRONMENTS]
    assert section(text, "differ") == [
        "speed tanh seed 1, records: train.learning_rate 0.01 / 0.02",
        "speed tanh rate 0.005, lr_search.csv: value 0.375 / 0.376",
    ]
    assert section(text, ENVIRONMENTS) == ["speed: git_commit abc / abc (5 runs) and def (1 run)"]


def test_a_tolerance_is_for_numbers_and_not_for_decisions(searched):
    path = searched[1] / "builtin" / "speed" / "lr_search.csv"
    edit(path, ",0.375,0.385,", ",0.376,0.385,")
    assert compare(*searched, tolerance=0.01)[0] == 0
    edit(path, ",0.4375,false,", ",0.4375,true,")
    status, text = compare(*searched, tolerance=1.0)
    assert status == 1
    assert section(text, "differ") == ["speed tanh rate 0.01, lr_search.csv: winner false / true"]


def test_when_and_from_which_commit_may_differ(searched):
    path = searched[1] / "builtin" / "speed" / "lr_search.csv"
    path.write_text(path.read_text().replace(",abc,", ",def,").replace("2025-01-01", "2026-01-01"))
    status, text = compare(*searched)
    assert status == 0
    assert "4 rows of lr_search.csv" in text


def test_other_configs_are_not_compared_and_rates_of_one_side_are_listed(searched):
    folders = [tree / "builtin" / "speed" for tree in searched]
    edit(folders[1] / "lr_search.csv", ",0.25,0.26,", ",0.3,0.26,")
    for rate in ("0.01", "0.02"):
        edit(folders[1] / "lr_search.csv", f",relu-{rate},", f",relu-{rate}-longer,")
    record_rates(folders[0], SPEED, "other", {0.04: 0.25, 0.08: 0.375})
    record_rates(folders[1], SPEED, "tanh", {0.02: 0.5}, winner=False)
    status, text = compare(*searched)
    assert status == 0
    assert "2 rows of lr_search.csv" in text
    assert section(text, CONFIGS) == ["speed relu rate 0.01, 0.02, lr_search.csv: other config hash"]
    assert section(text, ALONE) == [
        f"only in {folders[0]}: speed other seed 1000 rate 0.04, 0.08, lr_search.csv",
        f"only in {folders[1]}: speed tanh seed 1000 rate 0.02, lr_search.csv",
    ]


def test_a_search_of_one_side_and_files_that_are_named_are_not_compared(searched):
    folders = [tree / "builtin" / "speed" for tree in searched]
    edit(folders[1] / "lr_search.csv", ",0.25,0.26,", ",0.3,0.26,")
    for name in ("runs.csv", "curves.csv"):
        status, text = compare(*(folder / name for folder in folders))
        assert status == 0
        assert "lr_search.csv" not in text
    (folders[1] / "lr_search.csv").unlink()
    status, text = compare(*searched)
    assert status == 0
    assert "lr_search.csv" not in text


def test_what_cannot_be_read_is_said(searched):
    path = searched[1] / "builtin" / "speed" / "lr_search.csv"
    edit(path, ",0.375,0.385,", ",little,0.385,")
    status, text = compare(*searched)
    assert status == 2
    assert section(text, "not readable") == [
        f"{path}:4: value: expected a number or nothing, received 'little'"
    ]
    assert "3 rows of lr_search.csv" in text


def test_two_experiments_need_not_decide_alike(tmp_path):
    """`speed` looks for the fewest epochs, `pooling` for the least error."""
    record(tmp_path / "speed", SPEED, "relu", 0, fall(4, 8))
    record(tmp_path / "pooling", POOLING, "relu", 0, fall(4, 8))
    record_rates(tmp_path / "speed", SPEED, "relu", {0.01: 0.25, 0.02: 0.5}, value=7.0)
    record_rates(tmp_path / "pooling", POOLING, "relu", {0.01: 0.25, 0.02: 0.5}, winner=False)
    status, text = compare(tmp_path / "speed", tmp_path / "pooling")
    assert status == 0
    assert "2 rows of lr_search.csv" in text
    edit(tmp_path / "pooling" / "lr_search.csv", ",0.26,", ",0.27,")
    assert section(compare(tmp_path / "speed", tmp_path / "pooling")[1], "differ") == [
        "speed relu / pooling relu rate 0.01, lr_search.csv: train_error 0.26 / 0.27"
    ]


def test_two_files_are_compared_like_their_folders(searched):
    a, b = (tree / "builtin" / "speed" / "lr_search.csv" for tree in searched)
    status, text = compare(a, b)
    assert status == 0
    assert "agree: 0 rows of runs.csv, 0 rows of curves.csv, 4 rows of lr_search.csv" in text
    edit(b, ",0.375,0.385,", ",0.376,0.385,")
    status, text = compare(a, b)
    assert status == 1
    assert section(text, "differ") == ["speed tanh rate 0.005, lr_search.csv: value 0.375 / 0.376"]
    with pytest.raises(InputError, match=r"expected two runs.csv, curves.csv or lr_search.csv; received "):
        compare(a, b.with_name("runs.csv"))
