"""Rows against their folder, their curve and their record: nothing wrong is passed over or averaged."""

import csv
import math

import pytest
from invented import POOLING, SPEED, pooling_results, record, speed_results
from written import effects, read, report

from experiments.evidence import evidence_of
from experiments.folder_rows import read_folder


def edit(path, change, where=lambda row: True):
    """Changes cells of the first row that is meant; returns its line number."""
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    number = next(n for n, row in enumerate(rows) if where(dict(zip(header, row, strict=True))))
    for column, text in change.items():
        rows[number][header.index(column)] = text
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return number + 2


@pytest.fixture
def folder(tmp_path):
    return speed_results(tmp_path / "builtin" / "speed")


def test_good_rows_have_no_problem(folder):
    found = read_folder(folder, SPEED)
    assert found.problems == []
    assert (len(found.runs), len(found.records)) == (6, 6)


@pytest.mark.parametrize("text", ["-3", "inf", "nan"])
def test_an_impossible_metric_is_neither_averaged_nor_censored(folder, text):
    line = edit(folder / "runs.csv", {"epochs_to_25": text}, lambda row: row["run_id"] == "speed-tanh-1")
    (problem,) = report(folder, SPEED)
    assert problem.startswith(f"{folder / 'runs.csv'}:{line}: epochs_to_25: expected a ")
    (row,) = [row for row in read(folder / "summary.csv") if row["mean"] and float(row["mean"]) > 20]
    # 24 and 28 epochs are left.
    assert (row["n"], float(row["mean"])) == ("2", pytest.approx(26))
    assert (effects(folder)[0]["n"], effects(folder)[0]["verdict"]) == ("2", "inconclusive")
    table = (folder / "table.md").read_text()
    assert "| `tanh` | tanh, in words | 0.01 | 3 |" in table
    assert "(n = 2) |" in table
    assert "seed 1: tanh has no usable epochs_to_25" in table
    assert f"- runs.csv:{line}: epochs_to_25: expected" in table


def test_a_row_of_another_experiment_is_not_used(folder):
    line = edit(folder / "runs.csv", {"experiment": "pooling"})
    found = read_folder(folder, SPEED)
    assert found.problems == [
        f"{folder / 'runs.csv'}:{line}: experiment: expected 'speed' as the folder, received 'pooling' "
        "(the row is not used)"
    ]
    assert len(found.runs) == 5


def test_a_row_of_another_data_set_than_the_folders_is_not_used(folder):
    line = edit(folder / "runs.csv", {"dataset": "cifar10"})
    (problem,) = read_folder(folder, SPEED).problems
    assert f":{line}: dataset: expected 'builtin' as the folder, received 'cifar10'" in problem
    # A link has the name it is used by.
    (folder.parents[1] / "cifar10").symlink_to(folder.parent)
    assert ":2: dataset" not in "".join(read_folder(folder.parents[1] / "cifar10" / "speed", SPEED).problems)
    # Copied out of its tree a folder does not tell the data set.
    assert read_folder(folder.rename(folder.with_name("copy")), SPEED).problems == []


def test_a_row_that_is_not_the_end_of_its_curve_is_said(folder):
    line = edit(folder / "runs.csv", {"test_error": "0.125"})
    (problem,) = read_folder(folder, SPEED).problems
    assert problem.startswith(f"{folder / 'runs.csv'}:{line}: test_error: expected 0.")
    assert "as curves.csv:10 has it; received 0.125" in problem
    edit(folder / "runs.csv", {"epochs": "30"})
    (problem,) = read_folder(folder, SPEED).problems
    assert f":{line}: epochs: expected the last epoch of the curve, 8; received 30" in problem


def test_a_finished_run_has_a_finite_curve(folder):
    line = edit(folder / "curves.csv", {"test_loss": "nan"})
    assert read_folder(folder, SPEED).problems == [
        f"{folder / 'curves.csv'}:{line}: test_loss: expected a finite number, for the run is done; "
        "received 'nan'"
    ]
    record(folder, SPEED, "relu", 0, [0.9, math.nan], status="diverged", epochs_to_25=None)
    assert read_folder(folder, SPEED).problems == []


def test_without_records_the_rate_is_unknown_and_each_run_says_so(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    # The rate of the last epoch, which steps have divided.
    record(folder, POOLING, "separate", 0, [0.9, 0.5, 0.3, 0.2], learning_rate=0.0001, probe=0.5)
    for path in (folder / "records").iterdir():
        path.unlink()
    problems = report(folder, POOLING)
    assert len(problems) == 6
    assert problems[0] == (
        f"{folder / 'runs.csv'}:2: expected the record records/pooling-separate-0.json, received none"
    )
    table = (folder / "table.md").read_text()
    assert "| `separate` | separate, in words | unknown | 3 |" in table
    assert "0.0001" not in table


def test_an_unreadable_record_is_said_once(folder):
    path = folder / "records" / "speed-relu-0.json"
    path.write_text("{")
    (problem,) = read_folder(folder, SPEED).problems
    assert problem.startswith(f"{path}: expected a JSON record")


def test_evidence_tells_the_problems(folder):
    edit(folder / "runs.csv", {"test_error": "0.125"})
    assert len(evidence_of(folder, SPEED).problems) == 1
