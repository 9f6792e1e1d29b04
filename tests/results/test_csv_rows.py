import csv
import math
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.results.columns import CURVES
from alexnet_tf.results.csv_rows import MAX_TABLE, read_table, read_texts, to_csv, to_lines, to_text
from alexnet_tf.results.folder import read_curves, read_runs
from alexnet_tf.results.records import read_records
from tests.in_text import numbers
from tests.results.recording import curve_rows, record, run_row


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.30000000000000004"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.float64(0.25), "0.25"),
        (np.int64(3), "3"),
        (None, ""),
        (False, "false"),
        (float("nan"), "nan"),
        ("two\nlines", "two\\nlines"),
        (Path("-1/=2"), "./-1/=2"),
    ],
)
def test_a_value_is_written_exactly(value, text):
    assert to_text(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "two\r\nlines\u2028three", "\x1b]0;title\x07\x9b31m", "caf\udce9", "a\\nb", "\\", "=1+1", "'=1",
        "a\u202egnp.exe", "@a\t", 'Screenshot 1.02\u202fPM, "猫".png', "\0", "", "+a", "-rf", "@SUM(1)",
        "''-", "-", "\tx", "plain", "'quoted'", "-0.5",
    ],
)  # fmt: skip
def test_any_text_is_written_on_one_printable_line_that_is_no_formula_and_read_back(tmp_path, text):
    written = to_csv(["path", "n"], [{"path": text, "n": 1}])
    (tmp_path / "a.csv").write_text(written, "utf-8")
    _, line = written.splitlines()
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs") for character in line)
    assert line.strip('"')[0] not in "=+@\t"
    assert [row for _, row in read_texts(tmp_path / "a.csv", ["path", "n"])] == [{"path": text, "n": "1"}]
    assert "\\" in line or next(csv.reader([line]))[0] in (text, f"'{text}")


def test_a_file_with_many_problems_gives_one_line(tmp_path):
    record(tmp_path)
    path = tmp_path / "curves.csv"
    path.write_text(path.read_text() + "x\n" * 2000)
    (problem,) = read_curves(tmp_path).problems
    # The numbers of expected fields, of received fields and of further problems.
    assert numbers(problem.partition(": ")[2]) == [11, 1, 1000]


def test_a_table_above_the_limit_is_not_read(tmp_path):
    path = tmp_path / "runs.csv"
    path.touch()
    os.truncate(path, MAX_TABLE + 1)
    (problem,) = read_table(path, CURVES).problems
    assert problem.startswith(f"{path}: ")
    assert numbers(problem.removeprefix(f"{path}: ")) == [MAX_TABLE + 1, MAX_TABLE]


def test_rows_are_read_back_exactly(tmp_path):
    message = 'failed: "conv1", said\nthe model'
    record(tmp_path, message=message)
    assert read_runs(tmp_path).problems == ()
    (row,) = read_runs(tmp_path).rows
    assert row == run_row(message=message)
    assert read_curves(tmp_path).rows == curve_rows()
    assert read_records(tmp_path) == ({"x-relu-0": {"config": {"seed": 0}}}, [])
    assert not list(tmp_path.rglob("*.tmp"))


def test_undecodable_bytes_are_escaped_in_problems(tmp_path):
    record(tmp_path)
    path = tmp_path / "runs.csv"
    path.write_bytes(path.read_bytes().replace(b",0,done,", b",\x00\xff0,done,"))
    (problem,) = read_runs(tmp_path).problems
    assert problem.isprintable()
    assert "seed: expected a whole number >= 0; received " in problem


def test_each_problem_names_its_line_and_the_rest_is_read(tmp_path):
    for seed in range(5):
        record(tmp_path, seed=seed)
    path = tmp_path / "runs.csv"
    lines = path.read_text().split("\n")
    lines[2] = lines[2].replace("0.001", "fast")
    lines[4] = lines[3]
    lines[5] = lines[5][:40]
    path.write_text("\n".join(lines[:6]))
    table = read_runs(tmp_path)
    assert [row["seed"] for row in table.rows] == [0, 2]
    cell, double, short = table.problems
    assert cell.startswith(f"{path}:3: learning_rate: ")
    assert "'fast'" in cell
    assert double.startswith(f"{path}:5: ")
    assert " relu, seed 2" in double
    assert "line 4" in double
    assert short.startswith(f"{path}:6: ")
    assert numbers(short.removeprefix(f"{path}:6: ")) == [23, lines[5].count(",") + 1]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("test_error", math.nan, "a finite number"),
        ("train_error", 25.3, "a number in [0, 1]"),
        ("test_top5_error", -0.1, "a number in [0, 1]"),
        ("epochs_to_25", math.inf, "a finite number"),
        ("epochs_to_25", -3.0, "a number >= 0"),
        ("seconds", -1.0, "a number >= 0"),
        ("learning_rate", -0.1, "a number >= 0"),
    ],
)
def test_impossible_values_are_reported_and_the_rest_of_the_row_is_read(tmp_path, column, value, expected):
    record(tmp_path, **{column: value})
    table = read_runs(tmp_path, {"epochs_to_25": (0, math.inf)})
    assert table.problems == (
        f"{tmp_path / 'runs.csv'}:2: {column}: expected {expected}; received '{value!r}' (not used)",
    )
    (row,) = table.rows
    # The value is NaN, because None would mean that the run never reached the target.
    assert math.isnan(row[column])
    assert {**row, column: 0} == run_row(**{column: 0})


def test_an_error_of_a_diverged_run_may_be_nan_but_not_above_1(tmp_path):
    record(tmp_path, status="diverged", test_error=math.nan)
    record(tmp_path, seed=1, status="diverged", test_error=2.0)
    table = read_runs(tmp_path)
    (problem,) = table.problems
    assert problem.startswith(f"{tmp_path / 'runs.csv'}:3: test_error: ")
    assert "received '2.0'" in problem


def test_a_curve_has_errors_between_0_and_1(tmp_path):
    record(tmp_path)
    path = tmp_path / "curves.csv"
    path.write_text(path.read_text().replace("x,relu,0,1,0.5,0.5", "x,relu,0,1,inf,50"))
    table = read_curves(tmp_path)
    (problem,) = table.problems
    assert problem.startswith(f"{path}:3: train_error: ")
    assert "received '50'" in problem
    assert (table.rows[1]["train_loss"], table.rows[1]["test_error"]) == (math.inf, 0.5)


def test_a_missing_column_is_a_problem_and_without_a_key_column_no_row_is_read(tmp_path):
    record(tmp_path)
    path = tmp_path / "runs.csv"
    whole = path.read_text()
    path.write_text(whole.replace("test_error", "tset_error"))
    table = read_runs(tmp_path)
    assert table.problems[0].startswith(f"{path}:1: expected a column 'test_error'; received run_id,")
    assert (table.rows[0]["test_error"], table.rows[0]["train_error"]) == (None, 0.1 + 0.2)
    path.write_text(whole.replace("seed", "sede"))
    table = read_runs(tmp_path)
    assert table.rows == []
    assert "expected a column 'seed'" in table.problems[0]


@pytest.mark.parametrize("status", ["DONE", "", "running"])
def test_a_status_that_is_not_one_of_the_three_is_a_problem(tmp_path, status):
    record(tmp_path)
    path = tmp_path / "runs.csv"
    path.write_text(path.read_text().replace(",done,", f",{status},"))
    table = read_runs(tmp_path)
    assert table.rows == []
    (problem,) = table.problems
    assert problem.startswith(f"{path}:2: status: ")
    assert all(name in problem for name in ("done", "diverged", "failed"))
    assert problem.endswith(f"received {status!r}")


def test_recording_keeps_unreadable_lines_of_other_runs(tmp_path):
    record(tmp_path)
    record(tmp_path, seed=1)
    path = tmp_path / "curves.csv"
    path.write_text(path.read_text() + "some,other\nx,tanh,7,3,0.5,0.")
    record(tmp_path, seed=2)
    text = path.read_text()
    assert text.endswith("\nsome,other\nx,tanh,7,3,0.5,0.")
    table = read_curves(tmp_path)
    # Three runs with the epochs 0, 1 and 2 each.
    assert len(table.rows) == 9
    assert len(table.problems) == 2
    # The half-written line belongs to `tanh`, seed 7. It is replaced when this run is recorded.
    record(tmp_path, "tanh", 7)
    assert path.read_text().endswith("\nsome,other\n")


def test_numbers_are_not_escaped_as_formulas():
    assert to_lines([[-0.5, -3, "-1e-05", "+7"]]) == "-0.5,-3,-1e-05,+7\n"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text.replace(",", ";").replace(".", ",").encode(), "semicolons"),
        (lambda text: text.replace(",", "\t").encode(), "tabs"),
        (lambda text: text.encode("utf-16"), "UTF-16"),
    ],
)
def test_a_table_saved_by_a_spreadsheet_gives_one_problem(tmp_path, change, word):
    path = tmp_path / "curves.csv"
    header = ",".join(column.name for column in CURVES.columns)
    path.write_bytes(change(header + "\n" + "1.5,2.5\n" * 258))
    (problem,) = read_table(path, CURVES).problems
    assert word in problem
