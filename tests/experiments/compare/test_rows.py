import pytest

from experiments.compare.results import AGREE, DIFFER, UNDECIDED, compare
from tests.experiments.compare.altered import (
    ALONE,
    CONFIGS,
    agreeing,
    compared,
    curve_line,
    edit,
    record_rates,
    rename_hashes,
    section,
)
from tests.experiments.made_up_results import POOLING, SPEED, fall, record
from tests.in_text import numbers


@pytest.fixture
def searched(trees):
    """Two results directories with the same runs and the same searches."""
    for tree in trees:
        for arm, errors in (("relu", {0.01: 0.25, 0.02: 0.5}), ("tanh", {0.005: 0.375, 0.01: 0.4375})):
            record_rates(tree / "builtin" / "speed", SPEED, arm, errors)
    return trees


def test_copies_of_results_agree(searched):
    text = compared(AGREE, *searched)
    # Speed has 6 runs with 3 x (9 + 31) epochs, pooling 6 runs with 6 x 4 epochs.
    assert agreeing(text) == {"runs.csv": 12, "curves.csv": 144, "lr_search.csv": 4}


def test_an_altered_cell_of_a_run_is_listed(trees):
    edit(trees[1] / "builtin" / "pooling" / "runs.csv", ",0.187,", ",0.1870000000000001,")
    text = compared(DIFFER, *trees)
    assert agreeing(text) == {"runs.csv": 11, "curves.csv": 144}
    (line,) = section(text, "differ")
    assert line == "builtin/pooling overlapping seed 2, runs.csv: train_error 0.187 / 0.1870000000000001"
    assert compare(*trees, tolerance=1e-9)[0] == AGREE


def test_altered_and_missing_epochs_are_listed(trees):
    path = trees[1] / "builtin" / "speed" / "curves.csv"
    for epoch in (1, 2, 3, 4, 7):
        line = curve_line(path, "relu", 0, epoch)
        edit(path, line, line.replace(",0.01,", ",0.02,"))
    edit(path, curve_line(path, "relu", 2, 8) + "\n", "")
    text = compared(DIFFER, *trees)
    # Of 144 epochs, five are altered and one is missing.
    assert agreeing(text)["curves.csv"] == 138
    altered, missing = section(text, "differ")
    assert altered.startswith("builtin/speed relu seed 0, curves.csv: learning_rate epoch 1: 0.01 / 0.02; ")
    # The seed, three epochs with both rates, and "5 epochs in all".
    assert numbers(altered) == [0, 1, 0.01, 0.02, 2, 0.01, 0.02, 3, 0.01, 0.02, 5]
    assert missing.startswith("builtin/speed relu seed 2, curves.csv: ")
    assert missing.endswith(" epoch 8: present / missing")


def test_a_missing_curve_is_listed_for_each_run(trees):
    (trees[1] / "builtin" / "pooling" / "curves.csv").unlink()
    text = compared(DIFFER, *trees)
    assert agreeing(text) == {"runs.csv": 12, "curves.csv": 120}
    lines = section(text, "differ")
    assert len(lines) == 6
    assert all(" epoch 0: present / missing; " in line for line in lines)
    assert section(text, ALONE) == []


def test_an_altered_cell_of_a_search_is_listed(searched):
    path = searched[1] / "builtin" / "speed" / "lr_search.csv"
    edit(path, ",0.375,0.385,", ",0.376,0.385,")
    (line,) = section(compared(DIFFER, *searched), "differ")
    assert line == "builtin/speed tanh seed 1000 rate 0.005, lr_search.csv: value 0.375 / 0.376"
    assert compare(*searched, tolerance=0.01)[0] == AGREE
    edit(path, ",0.4375,false,", ",0.4375,true,")
    (line,) = section(compared(DIFFER, *searched, tolerance=1.0), "differ")
    assert line.endswith("rate 0.01, lr_search.csv: winner false / true")


def test_learning_rates_of_different_configurations_or_of_one_side_only_are_listed(searched):
    a, b = (tree / "builtin" / "speed" for tree in searched)
    edit(b / "lr_search.csv", ",0.25,0.26,", ",0.3,0.26,")
    rename_hashes(b / "lr_search.csv", "relu-0.01", "relu-0.02")
    record_rates(a, SPEED, "other", {0.04: 0.25, 0.08: 0.375})
    record_rates(b, SPEED, "tanh", {0.02: 0.5}, winner=False)
    text = compared(AGREE, *searched)
    assert agreeing(text)["lr_search.csv"] == 2
    (line,) = section(text, CONFIGS)
    assert line.startswith("builtin/speed relu seed 1000 rate 0.01, 0.02, lr_search.csv: ")
    assert section(text, ALONE) == [
        f"only in {a}: other seed 1000 rate 0.04, 0.08",
        f"only in {b}: tanh seed 1000 rate 0.02",
    ]
    (b / "lr_search.csv").unlink()
    text = compared(AGREE, *searched)
    assert "lr_search.csv" not in text


def test_two_experiments_are_compared_in_their_common_columns(tmp_path):
    # The experiments have different metrics and objectives.
    for experiment, changes in ((SPEED, {"value": 7.0}), (POOLING, {"winner": False})):
        folder = tmp_path / experiment.name
        record(folder, experiment, "relu", 0, fall(4, 8))
        record_rates(folder, experiment, "relu", {0.01: 0.25, 0.02: 0.5}, **changes)
    paths = tmp_path / "speed", tmp_path / "pooling"
    text = compared(AGREE, *paths)
    assert agreeing(text) == {"runs.csv": 1, "curves.csv": 9, "lr_search.csv": 2}
    edit(paths[1] / "lr_search.csv", ",0.26,", ",0.27,")
    (line,) = section(compare(*paths)[1], "differ")
    assert line == "speed / pooling relu seed 1000 rate 0.01, lr_search.csv: train_error 0.26 / 0.27"


@pytest.mark.parametrize(
    ("old", "new"),
    [(",10.0,", ",11.0,"), (",abc,", ",def,"), (",CPU,", ",GPU,"), ("2025-", "2026-"), (",100.0", ",90.0")],
)
def test_columns_that_the_configuration_does_not_determine_may_differ(searched, old, new):
    for path in searched[1].rglob("*.csv"):
        path.write_text(path.read_text().replace(old, new))
    assert compare(*searched)[0] == AGREE


def test_an_empty_cell_and_a_missing_column_are_differences(trees):
    edit(trees[1] / "builtin" / "speed" / "runs.csv", ",28.0,", ",,")
    path = trees[1] / "builtin" / "pooling" / "runs.csv"
    path.write_text(path.read_text().replace(",probe,", ",prob,"))
    text = compared(DIFFER, *trees, tolerance=0.5)
    assert "speed tanh seed 2, runs.csv: epochs_to_25 28.0 / (empty)" in text
    assert "pooling separate seed 0, runs.csv: probe 0.5 / (no column)" in text


@pytest.mark.parametrize(
    ("file", "old", "new", "problem", "rows"),
    [
        # The 31 epochs of the unreadable run are not compared.
        ("runs.csv", ",28.0,", ",many,", ":7: epochs_to_25: ", {"runs.csv": 11, "curves.csv": 113}),
        ("lr_search.csv", ",0.375,0", ",few,0", ":4: value: ", {"lr_search.csv": 3}),
    ],
)
def test_unreadable_lines_are_listed_and_the_rest_compared(searched, file, old, new, problem, rows):
    path = searched[1] / "builtin" / "speed" / file
    edit(path, old, new)
    text = compared(UNDECIDED, *searched)
    (line,) = section(text, "not readable")
    assert line.startswith(f"{path}{problem}")
    assert rows.items() <= agreeing(text).items()
    edit(searched[1] / "builtin" / "pooling" / "runs.csv", ",0.187,", ",0.188,")
    assert compare(*searched)[0] == DIFFER
