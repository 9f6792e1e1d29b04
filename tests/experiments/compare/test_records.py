import json

from experiments.compare.results import AGREE, DIFFER, UNDECIDED, compare
from tests.experiments.compare.altered import (
    CONFIGS,
    ENVIRONMENTS,
    agreeing,
    compared,
    rename_hashes,
    section,
)
from tests.experiments.made_up_results import SPEED, fall, record
from tests.experiments.tables_read_back import alter_record


def edit_config(folder, experiment, arm, seed, section, **values):
    path = folder / "records" / f"{experiment}-{arm}-{seed}.json"
    record = json.loads(path.read_text())
    record["config"][section].update(values)
    path.write_text(json.dumps(record))


def drop_newer_fields(path):
    """Removes two fields that older records do not have."""
    values = json.loads(path.read_text())
    del values["config"]["data"]["brightness"], values["config"]["train"]["optimizer"]
    path.write_text(json.dumps(values))


def test_a_changed_field_is_listed_once_for_all_seeds_with_the_same_change(trees):
    a, b = (tree / "builtin" / "speed" for tree in trees)
    rename_hashes(b / "runs.csv", "relu0", "relu1", "relu2", "tanh0")
    for seed, rate in enumerate((0.5, 0.25, 0.5)):
        edit_config(b, "speed", "relu", seed, "train", learning_rate=rate)
    drop_newer_fields(a / "records" / "speed-relu-0.json")
    text = compared(AGREE, *trees)
    # Without the four runs whose hashes differ, 12 - 4 runs and 144 - 3 x 9 - 31 epochs are left.
    assert agreeing(text) == {"runs.csv": 8, "curves.csv": 86}
    *changed, unchanged = section(text, CONFIGS)
    assert changed == [
        "builtin/speed relu seed 0, 2: train.learning_rate 0.01 / 0.5",
        "builtin/speed relu seed 1: train.learning_rate 0.01 / 0.25",
    ]
    assert unchanged.startswith("builtin/speed tanh seed 0: ")
    assert " / " not in unchanged, "expected a different hash of equal fields"


def test_without_a_common_seed_the_first_runs_of_an_arm_are_compared(tmp_path):
    changed = SPEED.arm("relu").config.replace(momentum=0.5)
    for seed in (0, 1):
        record(tmp_path / "a", SPEED, "relu", seed, fall(4, 8))
        record(tmp_path / "b", SPEED, "relu", seed + 3, fall(4, 8), config=changed)
    text = compared(AGREE, tmp_path / "a", tmp_path / "b")
    assert section(text, CONFIGS) == ["speed relu seed 0 / 3: seed 0 / 3, train.momentum 0.9 / 0.5"]


def test_damaged_records_are_listed_and_the_rest_compared(trees):
    records = trees[1] / "builtin" / "speed" / "records"
    rename_hashes(records.parent / "runs.csv", "relu0", "tanh0", "tanh2")
    (records / "speed-relu-0.json").unlink()
    assert compare(*trees)[0] == AGREE
    (records / "speed-tanh-0.json").write_text('{"config": {"da')
    (records / "speed-tanh-1.json").write_text("[]")
    edit_config(records.parent, "speed", "tanh", 2, "train", warmth=3)
    edit_config(records.parent, "speed", "relu", 1, "train", warmth=3)

    status, text = compare(*trees)

    assert status == UNDECIDED
    assert "agree: 9 rows of runs.csv" in text
    damaged = [line.split(": ")[0] for line in section(text, "not readable")]
    assert damaged == [str(records / f"speed-{run}.json") for run in ("relu-1", "tanh-0", "tanh-1")]
    configs = section(text, CONFIGS)
    runs = [f"builtin/speed {run} seed {seed}" for run, seed in (("relu", 0), ("tanh", 0), ("tanh", 2))]
    assert [line.split(": ")[0] for line in configs] == runs
    assert all("no readable record" in line for line in configs[:2])
    assert "warmth" in configs[2]


def test_environments_are_compared_run_by_run(trees):
    for threads, tree in enumerate(trees, start=1):
        for path in (tree / "builtin" / "speed" / "records").iterdir():
            environment = {"intra_op_threads": threads, "keras": "3.15.0", "git_commit": "abc"}
            alter_record(path, environment=environment)
    path = trees[1] / "builtin" / "pooling" / "runs.csv"
    path.write_text(path.read_text().replace(",CPU,", ",GPU,"))
    text = compared(AGREE, *trees)
    assert section(text, ENVIRONMENTS) == [
        "builtin/pooling: device CPU / GPU",
        "builtin/speed: intra_op_threads 1 / 2",
    ]


def test_commits_are_compared_as_the_rows_state_them_and_not_the_records(trees):
    for tree in trees:
        for path in (tree / "builtin" / "pooling" / "records").iterdir():
            alter_record(path, environment={"device": "CPU", "git_commit": "abc"})
    path = trees[1] / "builtin" / "pooling" / "runs.csv"
    *lines, last = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, last.replace(",abc,", ",def,")]))
    text = compared(AGREE, *trees)
    assert section(text, ENVIRONMENTS) == ["builtin/pooling: git_commit abc / abc, def"]


def test_records_of_runs_with_equal_hashes_must_agree(trees):
    a, b = (tree / "builtin" / "speed" for tree in trees)
    edit_config(b, "speed", "relu", 0, "train", learning_rate=0.5, momentum=0.5)
    for folder, name, number in ((a, "one", 500), (b, "other", 400)):
        alter_record(folder / "records" / "speed-tanh-2.json", data={"name": name, "report_examples": number})
    text = compared(DIFFER, *trees, tolerance=1.0)
    assert agreeing(text) == {"runs.csv": 12, "curves.csv": 144}
    assert section(text, "differ") == [
        "builtin/speed relu seed 0, records: train.learning_rate 0.01 / 0.5, train.momentum 0.9 / 0.5",
        "builtin/speed tanh seed 2, records: images.report_examples 500 / 400",
    ]


def test_fields_that_do_not_affect_numbers_may_differ_between_records(trees):
    folder = trees[1] / "builtin" / "speed"
    edit_config(folder, "speed", "relu", 0, "data", dataset="elsewhere", storage="stream")
    drop_newer_fields(folder / "records" / "speed-relu-1.json")
    alter_record(folder / "records" / "speed-tanh-2.json", data={"name": "one", "report_examples": 500})
    text = compared(AGREE, *trees)
    assert section(text, "differ") == []
