"""Records tell in what configurations and environments differ; damaged ones are told."""

import json
import shutil

from experiments.compare.results import compare
from tests.experiments.compare.altered import CONFIGS, ENVIRONMENTS, edit_config, rename_hashes, section
from tests.experiments.invented import SPEED, fall, record


def test_other_configs_are_listed_with_their_fields_and_no_failure(trees):
    folder = trees[1] / "builtin" / "speed"
    rename_hashes(folder / "runs.csv", "relu0", "relu1", "relu2")
    edit_config(folder, "speed", "relu", 0, "train", learning_rate=0.5)
    edit_config(folder, "speed", "relu", 1, "train", learning_rate=0.25)
    edit_config(folder, "speed", "relu", 2, "train", learning_rate=0.5)
    status, text = compare(*trees)
    assert status == 0
    assert "agree: 9 rows of runs.csv, 117 rows of curves.csv" in text
    # What differs alike is said once.
    assert section(text, CONFIGS) == [
        "speed relu seed 0, 2: train.learning_rate 0.01 / 0.5",
        "speed relu seed 1: train.learning_rate 0.01 / 0.25",
    ]


def test_a_field_that_an_old_record_does_not_have_is_at_its_default(trees):
    folder = trees[1] / "builtin" / "speed"
    rename_hashes(folder / "runs.csv", "relu0")
    edit_config(folder, "speed", "relu", 0, "train", momentum=0.5)
    path = trees[0] / "builtin" / "speed" / "records" / "speed-relu-0.json"
    record = json.loads(path.read_text())
    del record["config"]["data"]["brightness"], record["config"]["train"]["optimizer"]
    path.write_text(json.dumps(record))
    assert section(compare(*trees)[1], CONFIGS) == ["speed relu seed 0: train.momentum 0.9 / 0.5"]


def test_an_arm_without_a_seed_in_common_has_its_first_runs_compared(tmp_path):
    record(tmp_path / "a", SPEED, "relu", 0, fall(4, 8))
    changed = SPEED.arm("relu").config.replace(momentum=0.5)
    record(tmp_path / "b", SPEED, "relu", 3, fall(4, 8), config=changed)
    status, text = compare(tmp_path / "a", tmp_path / "b")
    assert status == 0
    assert section(text, CONFIGS) == ["speed relu seed 0 / 3: seed 0 / 3, train.momentum 0.9 / 0.5"]


def test_records_that_are_damaged_or_missing_are_told_and_the_rest_compared(trees):
    records = trees[1] / "builtin" / "speed" / "records"
    rename_hashes(records.parent / "runs.csv", "relu0", "tanh0")
    (records / "speed-relu-0.json").unlink()
    assert compare(*trees)[0] == 0
    (records / "speed-tanh-0.json").write_text('{"config": {"da')
    (records / "speed-tanh-1.json").write_text("[]")

    status, text = compare(*trees)

    assert status == 2
    assert "agree: 10 rows of runs.csv" in text
    assert section(text, "records missing") == [str(records / "speed-relu-0.json")]
    damaged = section(text, "not readable")
    assert [line.split(": ")[0] for line in damaged] == [
        str(records / name) for name in ("speed-tanh-0.json", "speed-tanh-1.json")
    ]
    assert section(text, CONFIGS) == [
        f"speed relu seed 0: no record that can be read in {records}",
        f"speed tanh seed 0: no record that can be read in {records}",
    ]


def test_a_folder_without_records_is_told_once(trees):
    records = trees[1] / "builtin" / "speed" / "records"
    shutil.rmtree(records)
    status, text = compare(*trees)
    assert status == 0
    assert section(text, "records missing") == [f"{records}: all 6"]


def test_a_config_that_is_not_whole_is_told(trees):
    folder = trees[1] / "builtin" / "speed"
    rename_hashes(folder / "runs.csv", "relu0")
    edit_config(folder, "speed", "relu", 0, "train", warmth=3)
    (line,) = section(compare(*trees)[1], CONFIGS)
    assert f"{folder / 'records' / 'speed-relu-0.json'}: expected the configuration of a run" in line
    assert "warmth" in line


def test_what_differs_between_the_environments_is_said_once_for_two_folders(trees):
    for number, folder in enumerate((trees[1] / "builtin" / "speed", trees[0] / "builtin" / "speed")):
        for path in (folder / "records").iterdir():
            values = json.loads(path.read_text())
            values["environment"] = {"intra_op_threads": 1 + number, "keras": "3.15.0", "git_commit": "abc"}
            path.write_text(json.dumps(values))
    status, text = compare(*trees)
    assert status == 0
    assert section(text, ENVIRONMENTS) == ["speed: intra_op_threads 2 / 1"]

    path = trees[1] / "builtin" / "speed" / "records" / "speed-tanh-1.json"
    path.write_text(path.read_text().replace('"abc"', '"def"'))
    assert section(compare(*trees)[1], ENVIRONMENTS) == [
        "speed: git_commit abc / abc (5 runs) and abc, in its record def (1 run); intra_op_threads 2 / 1"
    ]


def test_the_rows_tell_the_environment_where_records_do_not(trees):
    path = trees[1] / "builtin" / "pooling" / "runs.csv"
    path.write_text(path.read_text().replace(",CPU,", ",GPU,"))
    assert section(compare(*trees)[1], ENVIRONMENTS) == ["pooling: device CPU / GPU"]


def test_an_altered_cell_of_the_environment_is_told_with_what_its_record_says(trees):
    for tree in trees:
        for path in (tree / "builtin" / "pooling" / "records").iterdir():
            values = json.loads(path.read_text())
            values["environment"] = {"device": "CPU", "git_commit": "abc"}
            path.write_text(json.dumps(values))
    path = trees[1] / "builtin" / "pooling" / "runs.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:-1], lines[-1].replace(",abc,", ",def,")]))
    status, text = compare(*trees)
    assert status == 0
    assert section(text, ENVIRONMENTS) == [
        "pooling: git_commit abc / abc (5 runs) and def, in its record abc (1 run)"
    ]


def test_altered_records_of_the_same_runs_are_a_difference(trees):
    folder = trees[1] / "builtin" / "speed"
    edit_config(folder, "speed", "relu", 0, "train", learning_rate=0.5, momentum=0.5)
    edit_config(folder, "speed", "tanh", 2, "model", activation="relu")
    status, text = compare(*trees, tolerance=1.0)
    assert status == 1
    assert "agree: 12 rows of runs.csv, 144 rows of curves.csv" in text
    assert section(text, "differ") == [
        "speed relu seed 0, records: train.learning_rate 0.01 / 0.5, train.momentum 0.9 / 0.5",
        "speed tanh seed 2, records: model.activation 'tanh' / 'relu'",
    ]


def test_records_of_the_same_runs_may_differ_in_what_decides_no_number(trees):
    """As do the name of the data set and where it was kept; a field at its default may be left out."""
    folder = trees[1] / "builtin" / "speed"
    edit_config(folder, "speed", "relu", 0, "data", dataset="elsewhere", storage="disk")
    path = folder / "records" / "speed-relu-1.json"
    record = json.loads(path.read_text())
    del record["config"]["data"]["brightness"], record["config"]["train"]["optimizer"]
    path.write_text(json.dumps(record))
    (folder / "records" / "speed-relu-2.json").unlink()
    status, text = compare(*trees)
    assert status == 0
    assert section(text, "differ") == []


def test_a_config_of_the_same_run_that_is_not_whole_leaves_it_undecided(trees):
    folder = trees[1] / "builtin" / "speed"
    edit_config(folder, "speed", "relu", 0, "train", warmth=3)
    status, text = compare(*trees)
    assert status == 2
    (line,) = section(text, "not readable")
    path = folder / "records" / "speed-relu-0.json"
    assert line.startswith(f"{path}: expected the configuration of a run; received ")


def test_other_images_in_a_record_are_told(trees):
    path = trees[1] / "builtin" / "speed" / "records" / "speed-relu-0.json"
    record = json.loads(path.read_text())
    record["data"] = {"name": "other", "report_examples": 400}
    path.write_text(json.dumps(record))
    same = trees[0] / "builtin" / "speed" / "records" / "speed-relu-0.json"
    same.write_text(json.dumps(record | {"data": {"name": "one", "report_examples": 500}}))

    status, text = compare(*trees)

    assert status == 1
    assert section(text, "differ") == ["speed relu seed 0, records: images.report_examples 500 / 400"]

    # Neither is lost where a configuration cannot be read besides, nor where images are no mapping.
    del record["config"]["train"]
    path.write_text(json.dumps(record))
    status, text = compare(*trees)
    assert status == 1
    assert section(text, "differ") == ["speed relu seed 0, records: images.report_examples 500 / 400"]
    assert len(section(text, "not readable")) == 1
    path.write_text(json.dumps(record | {"data": None}))
    status, text = compare(*trees)
    assert status == 2
    assert section(text, "not readable")[0].startswith(f"{path}: expected a JSON record, received")
