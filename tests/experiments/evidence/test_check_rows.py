import csv
import dataclasses
import json
import math

import pytest

from alexnet_tf.config.fields import Config
from experiments.claims.common import GAP, gap_at
from experiments.evidence.read import contradictions, evidence_of, folders_of, read_evidence
from experiments.experiment import Comparison
from experiments.report.claims_page import claims_page
from experiments.report.figures.collect import collect
from tests.experiments.made_up_results import EPOCHS, POOLING, SPEED, pooling_results, record, speed_results
from tests.experiments.tables_read_back import alter_record, effects, report
from tests.tables import read_cells, read_rows


def edit(path, change, where=lambda row: True):
    """Changes cells of the first row for which `where` is true; returns its line number."""
    header, *rows = read_cells(path)
    number = next(n for n, row in enumerate(rows) if where(dict(zip(header, row, strict=True))))
    for column, text in change.items():
        rows[number][header.index(column)] = text
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return number + 2


@pytest.fixture
def folder(tmp_path):
    return speed_results(tmp_path / "builtin" / "speed")


@pytest.mark.parametrize("text", ["-3", "inf", "nan"])
def test_an_impossible_metric_is_neither_averaged_nor_censored(folder, text):
    line = edit(folder / "runs.csv", {"epochs_to_25": text}, lambda row: row["run_id"] == "speed-tanh-1")
    (problem,) = report(folder, SPEED)
    assert problem.startswith(f"{folder / 'runs.csv'}:{line}: epochs_to_25: expected a ")
    (row,) = [row for row in read_rows(folder / "summary.csv") if row["mean"] and float(row["mean"]) > 20]
    # The remaining values are 24 and 28 epochs.
    assert (row["n"], float(row["mean"])) == ("2", pytest.approx(26))
    assert (effects(folder)[0]["n"], effects(folder)[0]["verdict"]) == ("2", "undecided")
    table = (folder / "table.md").read_text()
    assert "| `tanh` | tanh, in words | 0.01 | 3 |" in table
    assert "(n = 2) |" in table
    assert "seed 1: tanh has no usable epochs_to_25" in table
    assert f"- runs.csv:{line}: epochs_to_25: expected" in table


@pytest.mark.parametrize(
    ("column", "text", "words", "used"),
    [
        ("experiment", "pooling", ("'speed'", "'pooling'"), 5),
        ("epochs_to_25", "29.0", (" 4.0", "curves.csv", " 29.0"), 6),
        ("epochs_to_25", "", (" 4.0", "curves.csv", " nothing"), 6),
        ("test_error", "0.125", (" curves.csv:10;", " 0.125"), 6),
        ("test_top5_error", "0.125", (" curves.csv:10;", " 0.125"), 6),
        ("learning_rate", "0.125", (" curves.csv:10;", " 0.125"), 6),
        ("epochs", "30", (" 8;", " 30"), 6),
    ],
)
def test_a_cell_that_contradicts_folder_or_curve_is_reported(folder, column, text, words, used):
    line = edit(folder / "runs.csv", {column: text})
    found = evidence_of(folder, SPEED)
    (problem,) = found.problems
    assert problem.startswith(f"{folder / 'runs.csv'}:{line}: {column}: expected ")
    assert all(word in problem for word in words)
    assert len(found.rows) == used


def test_a_row_whose_data_set_is_not_that_of_its_folder_is_reported(folder):
    line = edit(folder / "runs.csv", {"dataset": "cifar10"})
    (problem,) = evidence_of(folder, SPEED).problems
    assert f":{line}: dataset: expected 'builtin'" in problem
    assert "received 'cifar10'" in problem
    # The name of a link counts as the name of the data set.
    (folder.parents[1] / "cifar10").symlink_to(folder.parent)
    assert ":2: dataset" not in "".join(evidence_of(folder.parents[1] / "cifar10" / "speed", SPEED).problems)
    # A folder whose name is not the experiment's has no known data set.
    assert evidence_of(folder.rename(folder.with_name("renamed")), SPEED).problems == []


@pytest.mark.parametrize(("change", "problems"), [(1e-15, 0), (1e-6, 6)])
def test_a_metric_may_differ_from_the_curve_by_a_rounding_error(folder, change, problems):
    (metric,) = SPEED.metrics
    other = dataclasses.replace(metric, of_curve=lambda curve: metric.of_curve(curve) * (1 + change))
    assert len(evidence_of(folder, dataclasses.replace(SPEED, metrics=(other,))).problems) == problems


def test_a_missing_column_of_curves_is_reported(folder):
    path = folder / "curves.csv"
    path.write_text(path.read_text().replace("test_loss", "loss"))
    problems = report(folder, SPEED)
    assert problems
    assert all(problem.startswith(f"{path}:1: ") for problem in problems)


def test_a_curve_without_a_row_is_reported_and_left_out(folder):
    before = evidence_of(folder, SPEED)
    with open(folder / "curves.csv", "r+") as file:
        file.write(file.readlines()[-1].replace(",tanh,2,", ",tanh,9,"))
    found = evidence_of(folder, SPEED)
    (problem,) = found.problems
    assert problem.endswith("received arm tanh seed 9 without a row in runs.csv (not used)")
    assert found.curves == before.curves


@pytest.mark.parametrize(("name", "text"), [("test_loss", ""), ("test_top5_error", ""), ("test_loss", "nan")])
def test_an_empty_or_nan_value_in_the_curve_of_a_finished_run_is_reported(folder, name, text):
    line = edit(folder / "curves.csv", {name: text}, lambda row: row["arm"] == "relu")
    (problem,) = report(folder, SPEED)
    assert problem.startswith(f"{folder / 'curves.csv'}:{line}: {name}: ")
    assert problem.endswith(f"received {text!r}")
    record(folder, SPEED, "relu", 0, [0.9, math.nan], status="diverged", epochs_to_25=None)
    assert evidence_of(folder, SPEED).problems == []


def test_the_epochs_of_an_interrupted_run_are_not_used(folder):
    edit(folder / "runs.csv", {"status": "failed"}, lambda row: row["run_id"] == "speed-tanh-1")
    evidence = evidence_of(folder, SPEED)
    assert {row["seed"] for row in evidence.curves if row["arm"] == "tanh"} == {0, 2}
    assert not evidence.problems


@pytest.mark.parametrize("column", ["train_error", "test_error"])
@pytest.mark.parametrize("text", ["", "nan"])
def test_a_gap_at_a_training_error_is_unknown_if_the_curve_lacks_an_error(folder, column, text):
    comparison = Comparison("tanh", "relu", gap_at(31), "difference", None, -0.02)
    speed = dataclasses.replace(SPEED, metrics=(EPOCHS, GAP), comparisons=(comparison,), figure=GAP.name)
    assert evidence_of(folder, speed).judged[0].effect.n == 3
    line = edit(folder / "curves.csv", {column: text}, lambda row: row["arm"] == "relu")

    evidence = evidence_of(folder, speed)

    assert any(problem.startswith(f"{folder / 'curves.csv'}:{line}: ") for problem in evidence.problems)
    (judged,) = evidence.judged
    assert judged.effect.n == 2
    assert judged.notes == ("seed 0: relu has no gap_at_31",)
    epochs, _ = collect(evidence, GAP.name).by_arm["relu"][0]
    assert epochs == [*range(1, 9)]


def test_a_curve_that_lacks_an_epoch_is_reported(folder):
    path = folder / "curves.csv"
    lines = path.read_text().splitlines(keepends=True)
    gone = next(number for number, line in enumerate(lines) if line.startswith("speed,relu,1,4,"))
    path.write_text("".join(lines[:gone] + lines[gone + 1 :]))
    (problem,) = evidence_of(folder, SPEED).problems
    assert problem.startswith(f"{path}:{gone + 1}: epoch: expected 4")
    assert "relu seed 1" in problem
    assert problem.endswith("received 5")


def test_a_huge_epoch_is_reported_at_once(folder):
    line = edit(folder / "curves.csv", {"epoch": str(10**18)}, lambda row: row["epoch"] == "4")
    problems = evidence_of(folder, SPEED).problems
    assert any(f"{line}: epoch: expected" in each and each.endswith(str(10**18)) for each in problems)


def test_two_results_of_an_ensemble_of_all_nets_are_reported(tmp_path):
    def problems_of(nets):
        arms = (dataclasses.replace(POOLING.arms[0], nets=nets), POOLING.arms[1])
        return evidence_of(folder, dataclasses.replace(POOLING, arms=arms)).problems

    def is_third(row):
        return row["run_id"] == "pooling-separate-2"

    folder = pooling_results(tmp_path / "builtin" / "pooling")
    line = edit(folder / "runs.csv", {"probe": "0.4"}, is_third)
    (problem,) = problems_of(nets=3)
    assert problem.startswith(f"{folder / 'runs.csv'}:{line}: probe: expected 0.5")
    assert "line 2" in problem
    assert problem.endswith("received 0.4")
    # Each of the three seeds has its own ensemble of two nets.
    assert problems_of(nets=2) == []
    edit(folder / "runs.csv", {"status": "failed", "probe": ""}, is_third)
    assert problems_of(nets=3) == []


def test_without_records_the_rate_is_unknown_and_each_run_is_reported(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    # The row has the rate of the last epoch, after the schedule has reduced it.
    record(folder, POOLING, "separate", 0, [0.9, 0.5, 0.3, 0.2], learning_rate=0.0001, probe=0.5)
    for path in (folder / "records").iterdir():
        path.unlink()
    problems = report(folder, POOLING)
    assert len(problems) == 6
    assert problems[0].startswith(f"{folder / 'runs.csv'}:2: ")
    assert "records/pooling-separate-0.json" in problems[0]
    table = (folder / "table.md").read_text()
    assert "| `separate` | separate, in words | unknown | 3 |" in table
    assert "0.0001" not in table


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"config": null}',
        '{"config": 3}',
        '{"config": {"train": null}}',
        '{"config": {}, "environment": null}',
    ],
)
def test_an_unreadable_record_is_reported_once(folder, content):
    path = folder / "records" / "speed-relu-0.json"
    path.write_text(content)
    (problem,) = report(folder, SPEED)
    assert problem.startswith(f"{path}: expected a JSON record")


def test_a_record_whose_row_is_gone_is_reported(folder):
    lines = (folder / "runs.csv").read_text().splitlines(keepends=True)
    (folder / "runs.csv").write_text("".join(line for line in lines if "speed-tanh-2" not in line))
    curve, orphan = evidence_of(folder, SPEED).problems
    assert f"{folder / 'curves.csv'}:" in curve
    assert "tanh seed 2" in curve
    assert orphan.startswith(f"{folder / 'records' / 'speed-tanh-2.json'}: ")
    assert "runs.csv" in orphan


def test_a_row_whose_hash_differs_from_its_record_is_reported(folder):
    path = folder / "records" / "speed-relu-0.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"data": {"fingerprint": "f" * 64}}))
    config_hash = Config.from_dict(content["config"]).hash("f" * 64)
    line = edit(folder / "runs.csv", {"config_hash": config_hash})
    assert evidence_of(folder, SPEED).problems == []
    edit(folder / "runs.csv", {"config_hash": "0" * 64})
    (problem,) = evidence_of(folder, SPEED).problems
    assert problem.startswith(f"{folder / 'runs.csv'}:{line}: config_hash: expected {config_hash}")
    assert "records/speed-relu-0.json" in problem
    assert problem.endswith(f"received {'0' * 64}")
    path.write_text(json.dumps(content | {"data": {"fingerprint": "f" * 64}, "config": {"train": {}}}))
    (problem,) = evidence_of(folder, SPEED).problems
    assert problem.startswith(f"{path}: expected the configuration")


def test_the_record_of_an_unreadable_row_is_not_reported(folder):
    edit(folder / "runs.csv", {"seed": "two"}, lambda row: row["run_id"] == "speed-tanh-2")
    problems = evidence_of(folder, SPEED).problems
    assert not [problem for problem in problems if "speed-tanh-2.json" in problem]


@pytest.mark.parametrize("name", ["runs.csv", "curves.csv"])
def test_a_column_of_another_version_is_reported(folder, name):
    header, *lines = (folder / name).read_text().splitlines()
    (folder / name).write_text("\n".join([f"{header},schema", *(f"{line},2" for line in lines)]) + "\n")
    found = evidence_of(folder, SPEED)
    (problem,) = found.problems
    assert problem.startswith(f"{folder / name}:1: ")
    assert "'schema'" in problem
    assert len(found.rows) == 6


def test_a_folder_is_found_if_any_file_of_a_run_is_in_it(folder):
    files = [folder / "runs.csv", folder / "curves.csv", *(folder / "records").iterdir()]
    for path in files:
        assert folders_of(folder.parents[1], SPEED) == [folder]
        path.unlink()
    (folder / "lr_search.csv").touch()
    assert folders_of(folder.parents[1], SPEED) == []


def test_one_configuration_with_two_results_is_reported(folder):
    results = folder.parents[1]
    other = pooling_results(results / "builtin" / "pooling")
    assert contradictions(read_evidence(results, [SPEED, POOLING])) == []
    edit(other / "runs.csv", {"config_hash": "relu0"})
    first = other / "records/pooling-separate-0.json"
    problems = contradictions(read_evidence(results, [SPEED, POOLING]))
    assert [problem.split(": ")[1] for problem in problems] == ["epochs", "train_error", "test_error"]
    assert problems[0].startswith("builtin/pooling/pooling-separate-0: epochs: expected 8 ")
    assert "builtin/speed/speed-relu-0" in problems[0]
    assert problems[0].endswith("received 3")
    assert problems[0] in claims_page(read_evidence(results, [SPEED, POOLING]), [SPEED, POOLING])
    # On another kind of processor or with other threads, equal configurations have other last digits.
    for name, here, there in (("processor", "A", "B"), ("intra_op_threads", 1, 2)):
        for path, value in ((folder / "records/speed-relu-0.json", here), (first, there)):
            alter_record(path, environment={name: value})
        assert contradictions(read_evidence(results, [SPEED, POOLING])) == []
    # A third run may be comparable with the second run only.
    edit(other / "runs.csv", {"config_hash": "relu0"}, lambda row: row["run_id"] == "pooling-separate-1")
    alter_record(
        other / "records/pooling-separate-1.json", environment={"processor": "B", "intra_op_threads": 2}
    )
    problems = contradictions(read_evidence(results, [SPEED, POOLING]))
    assert problems
    assert all("as in builtin/pooling/pooling-separate-0" in problem for problem in problems)


@pytest.mark.parametrize("statuses", [("diverged", "diverged"), ("diverged", "failed")])
def test_nan_and_failed_runs_contradict_nothing(folder, statuses):
    same = {"config_hash": "same", "epochs_to_25": None}
    for seed, status in enumerate(statuses):
        record(folder, SPEED, "other", seed, [0.9, math.nan], status=status, **same)
    assert contradictions(read_evidence(folder.parents[1], [SPEED])) == []
