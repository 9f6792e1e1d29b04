import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alexnet_tf.results import folder as results
from alexnet_tf.results.records import read_records
from alexnet_tf.runtime.errors import InputError
from tests.results.recording import METRICS, record, run_row, search_row


def test_rows_are_sorted_by_arm_order_seed_and_epoch(tmp_path):
    for arm, seed in [("zelu", 0), ("tanh", 10), ("tanh", 9), ("elu", 0), ("relu", 1)]:
        record(tmp_path, arm, seed)
    order = [("relu", 1), ("tanh", 9), ("tanh", 10), ("elu", 0), ("zelu", 0)]
    assert [(row["arm"], row["seed"]) for row in results.read_runs(tmp_path).rows] == order
    points = [(row["arm"], row["seed"], row["epoch"]) for row in results.read_curves(tmp_path).rows]
    assert points == [(*run, epoch) for run in order for epoch in range(3)]


def test_recording_a_run_again_replaces_its_rows(tmp_path):
    record(tmp_path, status="failed", run_id="first")
    record(tmp_path, seed=1)
    record(tmp_path, run_id="second")
    assert [row["run_id"] for row in results.read_runs(tmp_path).rows] == ["second", "x-relu-1"]
    assert len(results.read_curves(tmp_path).rows) == 6
    assert set(read_records(tmp_path)[0]) == {"second", "x-relu-1"}


def test_done_and_diverged_runs_are_finished_and_failed_ones_are_not(tmp_path):
    assert results.finished_run(tmp_path, "relu", 0) is None
    record(tmp_path)
    record(tmp_path, seed=1, status="failed")
    record(tmp_path, seed=2, status="diverged")
    assert results.finished_run(tmp_path, "relu", 0, "hash-relu-0")["test_error"] == 1 / 3
    assert results.finished_run(tmp_path, "relu", 1) is None
    assert results.finished_run(tmp_path, "relu", 2)["status"] == "diverged"
    assert results.finished_run(tmp_path, "tanh", 0) is None


def test_another_hash_is_refused_and_changes_nothing(tmp_path):
    record(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    pattern = "expected config hash hash-relu-0 .* received other; .*RESULTS_DIR="
    with pytest.raises(InputError, match=pattern) as error:
        record(tmp_path, config_hash="other")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=pattern):
        results.finished_run(tmp_path, "relu", 0, "other")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_rows_with_wrong_columns_or_a_path_as_run_id_are_a_programming_error(tmp_path):
    with pytest.raises(ValueError, match=r"expected the columns"):
        results.record_run(tmp_path, run_row() | {"surprise": 1}, [], {}, METRICS)
    with pytest.raises(ValueError, match=r"expected the columns"):
        results.record_run(tmp_path, run_row(), [{"epoch": 1}], {}, METRICS)
    with pytest.raises(ValueError, match="run_id"):
        results.record_run(tmp_path, run_row(run_id="../x"), [], {}, METRICS)
    # A metric may be missing, as in a failed run: its cell is empty.
    row = run_row()
    del row["epochs_to_25"]
    results.record_run(tmp_path, row, [], {}, METRICS)
    assert results.read_runs(tmp_path).rows[0]["epochs_to_25"] is None


def test_files_with_other_columns_are_refused_before_any_training(tmp_path):
    record(tmp_path)
    with pytest.raises(InputError, match=r"expected the columns .*another_metric.*RESULTS_DIR="):
        results.prepare_folder(tmp_path, ("another_metric",), "f")
    results.prepare_folder(tmp_path, METRICS, "f")


def test_unwritable_folder_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"expected a writable folder; received .*file/x") as error:
        results.prepare_folder(tmp_path / "file" / "x", METRICS, "f")
    assert "\n" not in str(error.value)


def test_a_half_written_temporary_file_is_ignored(tmp_path):
    record(tmp_path)
    (tmp_path / ".runs.csv.99.abc.tmp").write_text("run_id,exp")
    (tmp_path / "records" / ".x-relu-0.json.99.abc.tmp").write_text('{"config"')
    record(tmp_path, seed=1)
    assert len(results.read_runs(tmp_path).rows) == 2
    assert set(read_records(tmp_path)[0]) == {"x-relu-0", "x-relu-1"}


def test_a_run_killed_before_the_last_file_is_not_finished(tmp_path, monkeypatch):
    record(tmp_path)
    write_text = results.write_text

    def killed(path: Path, content: str):
        if path.name == "runs.csv":
            raise KeyboardInterrupt
        write_text(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(results, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            record(tmp_path, "tanh", 0)
    assert results.finished_run(tmp_path, "tanh", 0) is None
    assert results.finished_run(tmp_path, "relu", 0) is not None
    record(tmp_path, "tanh", 0)
    assert len(results.read_curves(tmp_path).rows) == 6


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.results.recording import record
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    record(Path(sys.argv[1]), sys.argv[4], seed)
"""


def writer(folder, first, last, arm):
    code = WRITER.format(root=str(Path(__file__).parents[2]))
    return subprocess.Popen([sys.executable, "-c", code, str(folder), str(first), str(last), arm])


def test_two_processes_that_record_at_once_lose_no_row(tmp_path):
    results.prepare_folder(tmp_path, METRICS, "f")
    processes = [writer(tmp_path, 0, 12, "relu"), writer(tmp_path, 0, 12, "tanh")]
    assert [process.wait(60) for process in processes] == [0, 0]
    table = results.read_runs(tmp_path)
    assert table.problems == ()
    expected = [(arm, seed) for arm in ("relu", "tanh") for seed in range(12)]
    assert [(row["arm"], row["seed"]) for row in table.rows] == expected
    assert len(results.read_curves(tmp_path).rows) == 24 * 3
    assert len(read_records(tmp_path)[0]) == 24


def test_after_a_kill_every_recorded_run_is_complete(tmp_path):
    results.prepare_folder(tmp_path, METRICS, "f")
    process = writer(tmp_path, 0, 100_000, "relu")
    deadline = time.monotonic() + 60
    while len(results.read_runs(tmp_path).rows) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    table = results.read_runs(tmp_path)
    curves = results.read_curves(tmp_path)
    assert table.problems == curves.problems == ()
    finished = {row["seed"] for row in table.rows}
    assert finished == set(range(len(table.rows)))
    assert {row["run_id"] for row in table.rows} <= set(read_records(tmp_path)[0])
    assert all(sum(point["seed"] == seed for point in curves.rows) == 3 for seed in finished)
    # The lock was released when the process ended.
    record(tmp_path, seed=len(table.rows))
    assert results.finished_run(tmp_path, "relu", len(table.rows)) is not None


def test_search_rows_are_added_and_replaced(tmp_path):
    order = ("relu", "tanh")
    results.record_search(tmp_path, [search_row("tanh")], order)
    results.record_search(tmp_path, [search_row("relu", 0.02), search_row("relu", 0.005, value=None)], order)
    results.record_search(tmp_path, [search_row("relu", 0.02, winner=True)], order)
    table = results.read_lr_search(tmp_path)
    assert table.problems == ()
    assert [(row["arm"], row["learning_rate"], row["value"], row["winner"]) for row in table.rows] == [
        ("relu", 0.005, None, False),
        ("relu", 0.02, 0.25, True),
        ("tanh", 0.01, 0.25, False),
    ]
    with pytest.raises(InputError, match="RESULTS_DIR="):
        results.record_search(tmp_path, [search_row("tanh", config_hash="other")], order)


def test_a_search_row_without_a_learning_rate_goes_last(tmp_path):
    results.record_search(tmp_path, [search_row("relu", 0.02)])
    path = tmp_path / "lr_search.csv"
    header, line = path.read_text().splitlines()
    path.write_text(f"{header}\n{line.replace(',0.02,', ',,')}\n{line}\n")

    results.record_search(tmp_path, [search_row("relu", 0.04)])

    assert [row["learning_rate"] for row in results.read_lr_search(tmp_path).rows] == [0.02, 0.04, None]
