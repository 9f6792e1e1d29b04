import pytest

import benchmarks.growth.measure as growth
from alexnet_tf.runtime.errors import InputError
from benchmarks.__main__ import main
from benchmarks.plan import Benchmark, Contender
from benchmarks.rows import read_rows
from benchmarks.runner.machine import machine_kind, read_machine, write_machine
from benchmarks.runner.photographs import write_thumbnails
from benchmarks.runner.worker import Worker
from benchmarks.tensorflow_side.input_pipeline import READ_BATCH, read_epoch


def test_a_point_that_fails_gives_a_row_and_exit_status_1(tmp_path, monkeypatch, capsys):
    points = (
        Contender("1 images a batch", "tensorflow", "work.good", {"amount": 1}),
        Contender("2 images a batch", "tensorflow", "work.failing"),
    )
    monkeypatch.setattr(growth, "sweeps", lambda *_: [Benchmark("growth", "work", "images", points)])
    monkeypatch.setattr(growth, "image_counts", lambda quick: (4,))
    monkeypatch.setattr(growth, "Worker", lambda python, _: Worker(python, "tests.benchmarks.fake_side"))

    assert main(["growth", "--results-dir", str(tmp_path)]) == 1

    assert "growth, work, 2 images a batch: not measured: ValueError" in capsys.readouterr().err
    good, failed = read_rows(tmp_path / machine_kind() / "growth.csv")
    assert len(good.seconds) == growth.CALLS
    assert failed.message == "ValueError: no such kernel"
    assert "| not measured: ValueError" in (tmp_path / machine_kind() / "growth.md").read_text()


def test_rows_of_an_earlier_run_keep_their_description_until_there_are_new_rows(tmp_path, monkeypatch):
    def full(*_):
        raise InputError("TMPDIR: no room")

    path = tmp_path / machine_kind() / "growth_machine.csv"
    path.parent.mkdir()
    write_machine(path, {"measured_at": "earlier"})
    monkeypatch.setattr(growth, "Worker", lambda python, _: Worker(python, "tests.benchmarks.fake_side"))
    monkeypatch.setattr(growth, "write_thumbnails", full)

    with pytest.raises(InputError, match="no room"):
        growth.run_growth(tmp_path)
    assert read_machine(path) == {"measured_at": "earlier"}


def test_reading_counts_the_images_of_whole_batches(tmp_path):
    write_thumbnails(tmp_path, 80)
    assert len({path.read_bytes() for path in tmp_path.rglob("*.jpg")}) == 80

    tasks = [read_epoch(str(tmp_path), storage) for storage in ("memory", "stream")]

    # A fifth of the 80 images is held out. The other 64 are two batches of 32.
    assert [task.call() for task in tasks] == [2, 2]
    assert tasks[0].amount == 2 * READ_BATCH
