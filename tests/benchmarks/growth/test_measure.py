"""Sweeps: each point is measured in a process of its own, and a point that fails does not end the sweep."""

import inspect
from dataclasses import replace
from pathlib import Path

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.growth.measure import Sweep, measure_point, reading_sweeps, sweeps
from benchmarks.growth.report import growth_table, write_growth_report
from benchmarks.rows import Row, write_rows
from benchmarks.runner.photographs import write_thumbnails
from benchmarks.runner.worker import WorkerError
from benchmarks.tensorflow_side import growth

SWEEP = Sweep("work", "images a batch", "growth.alexnet_step", "batch", (8, 16), {"side": 32})


class FakeWorker:
    """A call takes 2 s; batch 16 is too much for it."""

    def __init__(self):
        self.log = []

    def ask(self, do, arguments=None, **_):
        self.log.append(do)
        if arguments and arguments["batch"] == 16:
            raise WorkerError("out of memory")
        return {"seconds": 2.0, "amount": 8, "gflop": 0, "mebibytes": 300}

    def stop(self):
        self.log.append("stop")


def test_a_point_has_a_process_of_its_own():
    worker = FakeWorker()

    row = measure_point(worker, SWEEP, 8, 8)

    assert worker.log == ["stop", "prepare", "time", "time", "time", "peak", "stop"]
    assert (row.rate, row.peak_mebibytes) == (4.0, 300)
    assert row.contender == "8 images a batch"


def test_a_point_that_fails_is_a_row():
    row = measure_point(FakeWorker(), SWEEP, 16, 16)

    assert row.message == "out of memory"


@pytest.mark.parametrize("quick", [True, False])
def test_builders_take_the_sweeps_arguments(quick):
    for sweep in sweeps(quick) + [sweep for sweep, _ in reading_sweeps({1000: "/folder"})]:
        builder = getattr(growth, sweep.build.split(".")[1])
        assert set(inspect.signature(builder).parameters) == {*sweep.fixed, sweep.argument}
        assert sorted(sweep.values) == list(sweep.values)


def test_reading_counts_images_and_does_not_hold_them(tmp_path):
    write_thumbnails(tmp_path, 80)
    contents = {path.read_bytes() for path in tmp_path.rglob("*.jpg")}
    assert len(contents) == 80

    tasks = [growth.read_epoch(str(tmp_path), storage) for storage in ("memory", "stream")]

    assert [task.call() for task in tasks] == [2, 2]
    assert tasks[0].amount == 2 * growth.READ_BATCH


def rows():
    found = [
        Row("AlexNet step", f"{n} images a batch", "tensorflow", "images", n, 0, (n / 100,), 100.0 * n)
        for n in (8, 16, 32)
    ]
    found += [
        Row(f"reading, {storage}", f"{n} images in the set", "tensorflow", "images", 992, 0, (1.0,), peak)
        for n in (1000, 10000)
        for storage, peak in (("memory", n / 10), ("stream", 90.0))
    ]
    return [*found, Row("AlexNet step", "64 images a batch", "tensorflow", "images", message="too much")]


def test_report_from_the_rows(tmp_path):
    write_rows(tmp_path / "growth.csv", rows())

    written = write_growth_report(tmp_path)

    assert [Path(path).name for path in written] == ["growth.md", "growth.png", "growth.svg"]
    table = (tmp_path / "growth.md").read_text()
    assert "| AlexNet step | 16 images a batch | 160 ms | 100 | 1,600 MiB |" in table
    assert "| not measured: too much |" in table
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_growth_report(tmp_path)] == first


def test_no_rows_is_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"expected rows in .*growth.csv, received none"):
        write_growth_report(tmp_path)


def test_a_point_without_its_peak_is_bad_input(tmp_path):
    write_rows(tmp_path / "growth.csv", [replace(rows()[0], peak_mebibytes=None)])

    with pytest.raises(InputError, match=r"growth.csv:2: expected peak_mebibytes in a row"):
        write_growth_report(tmp_path)


def test_the_table_names_the_machine():
    assert "Some CPU, 2 threads" in growth_table(rows(), {"processor": "Some CPU", "threads": "2"})
