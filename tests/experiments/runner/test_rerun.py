import json
import re
from pathlib import Path

import pytest

import alexnet_tf.data.pipeline
import experiments.runner.rerun
from experiments.__main__ import main
from experiments.claims import ensemble
from experiments.claims.common import DATASET_NOTES
from experiments.claims.kernels import KERNELS
from experiments.runner.rerun import replay_row
from tests.command_errors import one_line_of_status_2
from tests.in_text import numbers
from tests.tables import read_rows
from tests.tiny import tiny_image_set


@pytest.fixture(scope="module")
def replays():
    return {}


@pytest.fixture(autouse=True)
def trained_once(replays, monkeypatch):
    """Trains equal configurations once in this module."""
    train = experiments.runner.rerun.train

    def train_once(config, *arguments, **named):
        if config not in replays:
            replays[config] = train(config, *arguments, **named)
        return replays[config]

    monkeypatch.setattr(experiments.runner.rerun, "train", train_once)


@pytest.fixture
def recorded(own_results) -> tuple[Path, str]:
    """The folder of an experiment with one run, and the name of the run."""
    folder = own_results / "builtin/ablation-relu"
    (record,) = (folder / "records").glob("*.json")
    return folder, record.stem


def arguments(recorded: tuple[Path, str], *more: str) -> list[str]:
    folder, name = recorded
    return ["rerun", name, "--results-dir", str(folder.parents[1]), *more]


def edit(path: Path, line: int, column: str, value: str) -> None:
    lines = path.read_text().splitlines()
    fields = lines[line].split(",")
    fields[lines[0].split(",").index(column)] = value
    path.write_text("\n".join([*lines[:line], ",".join(fields), *lines[line + 1 :]]) + "\n")


def edit_record(recorded: tuple[Path, str], change) -> Path:
    path = recorded[0] / "records" / f"{recorded[1]}.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    return path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_replayed_run_repeats_its_numbers(recorded, capsys):
    before = contents(recorded[0])

    assert main(arguments(recorded)) == 0

    first, *_, row = capsys.readouterr().out.splitlines()
    assert first == f"{recorded[1]}: bit-equal, 2 epochs"
    columns = "status, epochs, learning_rate, train_error, test_error, test_top5_error, epochs_to_25"
    assert row == f"row: bit-equal ({columns})"
    assert contents(recorded[0]) == before


def test_a_partial_replay_names_differences_of_the_environments(recorded, capsys):
    edit(recorded[0] / "curves.csv", 3, "test_loss", "0.25")
    edit_record(recorded, lambda record: record["environment"].update(keras="2.0"))

    assert main(arguments(recorded, "--epochs", "1")) == 0

    text = capsys.readouterr().out
    assert "bit-equal, 1 epoch\n" in text
    (note,) = [line for line in text.splitlines() if "not replayed" in line]
    assert numbers(note) == [2]
    assert "row: " not in text
    assert "keras: 2.0 in the record, " in text


def test_the_first_epoch_that_differs_is_named(recorded, capsys):
    edit(recorded[0] / "curves.csv", 2, "test_loss", "0.25")

    assert main(arguments(recorded)) == 1

    assert "different (largest difference" in (text := capsys.readouterr().out)
    assert "the first difference is in epoch 1: test_loss" in text
    assert main(arguments(recorded, "--tolerance", "100")) == 0
    assert "equal within 100" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("test_error", "0.25", "test_error: 0.25 in the row, "),
        ("epochs_to_25", "7.5", "epochs_to_25: 7.5 in the row, None replayed"),
        ("status", "diverged", "status: diverged in the row, done replayed"),
    ],
)
def test_a_row_that_does_not_follow_from_its_curve_is_different(recorded, capsys, column, value, words):
    edit(recorded[0] / "runs.csv", 1, column, value)

    assert main(arguments(recorded)) == 1

    first, curve, row, *_ = capsys.readouterr().out.splitlines()
    assert first == f"{recorded[1]}: different, 2 epochs"
    assert curve == "curve: bit-equal"
    assert row.startswith("row: different (")
    assert words in row


def test_the_measurements_of_an_arm_are_repeated(tiny_builtin, tmp_path, capsys):
    arms = ["--arms", "lrn", "--seeds", "0", "--epochs", "1", "--set", "batch_size=16"]
    assert main(["run", "lrn", "--dataset", "builtin", *arms, "--results-dir", str(tmp_path)]) == 0
    folder = tmp_path / "builtin/ablation-lrn"
    (record,) = (folder / "records").glob("*.json")
    capsys.readouterr()

    assert main(arguments((folder, record.stem))) == 0
    assert "gap, lrn_factor_cv)\n" in capsys.readouterr().out

    edit(folder / "runs.csv", 1, "lrn_factor_cv", "0.5")
    assert main(arguments((folder, record.stem))) == 1
    assert "row: different (lrn_factor_cv: 0.5 in the row, " in capsys.readouterr().out


LAST = {"learning_rate": 0.1, "train_error": 0.2, "test_error": 0.3, "test_top5_error": 0.1}
CURVE = [{**LAST, "epoch": 1}]
ROW = {**LAST, "epochs": 1, "status": "done", "seed": 4}


def test_metrics_of_several_nets_are_listed_as_not_replayed():
    row = {**ROW, "experiment": "ablation-ensemble", "arm": "three", "averaged_error": 0.5}
    found = replay_row(row, CURVE, "done", [ensemble.EXPERIMENT], pytest.fail)
    (note,) = found.notes
    assert note.startswith("averaged_error not replayed: ")
    # The arm `three` averages three nets. From the run's seed 4 they have the seeds 4, 0 and 1: 0 follows 4,
    # the last seed.
    assert numbers(note) == [4, 0, 1]
    assert "averaged_error" not in found.values


def test_undeclared_metrics_are_listed_as_not_replayed():
    row = {**ROW, "experiment": "ablation-kernels", "arm": "old", "grey_tower": 0.4, "mystery": 1.0}
    found = replay_row(row, CURVE, "done", [KERNELS], pytest.fail)
    assert found.largest == 0
    without_arm, without_metric = found.notes
    assert re.fullmatch("grey_tower not replayed: ablation-kernels .* old", without_arm)
    assert without_metric.startswith("mystery not replayed: ablation-kernels ")
    (note,) = replay_row(row | {"experiment": "gone"}, CURVE, "done", [KERNELS], pytest.fail).notes
    assert re.fullmatch("grey_tower, mystery not replayed: .* gone", note)


@pytest.mark.parametrize("value", ["nan", "inf", ""])
def test_nan_infinity_and_a_missing_value_differ_from_every_number(recorded, capsys, value):
    edit(recorded[0] / "curves.csv", 2, "test_loss", value)

    assert main(arguments(recorded, "--tolerance", "100", "--epochs", "1")) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("curve: ")]
    assert re.search(r"different \(.* inf; .* epoch 1: test_loss\)", line)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda record: record["config"]["train"].update(momentum=0.5), ["hash"]),
        (lambda record: record["config"].pop("model"), ["configuration", "KeyError('model')"]),
        (lambda record: record["environment"].update(intra_op_threads="all"), ["intra_op_threads", "all"]),
        (lambda record: record["environment"].update(intra_op_threads=10**30), ["intra_op_threads", "4096"]),
    ],
)
def test_a_record_that_does_not_fit_its_row_is_refused(recorded, capsys, damage, words):
    path = edit_record(recorded, damage)
    line = one_line_of_status_2(main, arguments(recorded), capsys)
    assert all(word in line for word in [str(path), *words])


def test_a_missing_record_and_a_damaged_one_are_told_apart(recorded, capsys):
    def said() -> str:
        return one_line_of_status_2(main, arguments(recorded), capsys)

    path = edit_record(recorded, lambda record: record.pop("config"))
    assert re.search(f"{path}.*damaged.*{path}", said())
    path.write_text(path.read_text()[:30])
    assert re.search("received a damaged one.*(Unterminated string|Expecting)", said())
    path.unlink()
    assert said().endswith(f"in {path}; received none")


def test_a_damaged_row_is_shown_if_its_run_is_requested(recorded, capsys):
    path = recorded[0] / "runs.csv"
    header, line = path.read_text().splitlines()
    path.write_text(f"{header}\nhalf,a,line\n{line[: len(line) // 2]}")

    said = one_line_of_status_2(main, arguments(recorded), capsys)

    assert f"received {recorded[1]!r}; problems: {path}:3: expected" in said
    assert f"{path}:2" not in said
    # No line names this run, so each damaged line may be its row.
    said = one_line_of_status_2(main, arguments((recorded[0], "another")), capsys)
    assert f"{path}:2: expected" in said
    assert f"{path}:3: expected" in said


def test_a_damaged_curve_is_shown(recorded, capsys):
    edit(recorded[0] / "curves.csv", 2, "test_loss", "much")
    said = one_line_of_status_2(main, arguments(recorded), capsys)
    assert f"{recorded[0] / 'curves.csv'}:3: test_loss: expected a number" in said


def test_a_run_is_found_at_any_depth(recorded, capsys):
    folder, name = recorded
    above = folder.parents[1] / "float32"
    above.mkdir()
    folder.parent.rename(above / "builtin")

    assert main(["rerun", name, "--results-dir", str(folder.parents[1]), "--epochs", "1"]) == 0
    assert f"{name}: bit-equal" in capsys.readouterr().out


def test_unknown_and_failed_runs_and_incomplete_curves_are_refused(recorded, capsys):
    assert "'nothing'" in one_line_of_status_2(main, arguments((recorded[0], "nothing")), capsys)

    # The curve has epochs 0 to 2.
    curves = recorded[0] / "curves.csv"
    curves.write_text("".join(curves.read_text().splitlines(keepends=True)[:-1]))
    said = one_line_of_status_2(main, arguments(recorded), capsys)
    assert f"epochs 0 to 2 in {curves}; received 2 rows" in said

    edit(recorded[0] / "runs.csv", 1, "status", "failed")
    said = one_line_of_status_2(main, arguments(recorded), capsys)
    assert "failed" in said
    assert "curves.csv" not in said


def test_other_images_are_refused(recorded, capsys, monkeypatch):
    fewer = tiny_image_set(train=48)
    monkeypatch.setattr(alexnet_tf.data.pipeline, "_load_once", lambda *names, **more: fewer)
    (row,) = read_rows(recorded[0] / "runs.csv")
    monkeypatch.setitem(DATASET_NOTES, row["data_fingerprint"], "a note on these pixels")
    said = one_line_of_status_2(main, arguments(recorded), capsys)
    assert re.search(r"fingerprint \w+\.\.\. \(the row's: a note on these pixels\)", said)
