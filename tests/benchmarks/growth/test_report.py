from dataclasses import replace
from pathlib import Path

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.growth.report import write_growth_report
from benchmarks.rows import Row, write_rows
from benchmarks.runner.machine import write_machine

ROWS = [
    *(
        Row("AlexNet step", f"{n} images a batch", "tensorflow", "images", n, 0, (n / 100,), 100.0 * n)
        for n in (8, 16, 32)
    ),
    Row("AlexNet step", "64 images a batch", "tensorflow", "images", message="too much"),
    *(
        Row(f"reading, {storage}", f"{n} images in the set", "tensorflow", "images", 992, 0, (1.0,), peak)
        for n in (1000, 10000)
        for storage, peak in (("memory", n / 10), ("stream", 90.0))
    ),
]


def test_a_report_made_twice_from_the_same_rows_has_the_same_bytes(tmp_path):
    write_rows(tmp_path / "growth.csv", ROWS)
    write_machine(tmp_path / "growth_machine.csv", {"processor": "Some CPU", "threads": "2"})

    written = write_growth_report(tmp_path)

    assert [Path(path).name for path in written] == ["growth.md", "growth.png", "growth.svg"]
    table = (tmp_path / "growth.md").read_text()
    assert "Some CPU, 2 threads" in table
    assert "| AlexNet step | 16 images a batch | 160 ms | 100 | 1,600 MiB |" in table
    assert "| not measured: too much |" in table
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_growth_report(tmp_path)] == first


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "expected rows in .*growth.csv; received none"),
        ([replace(ROWS[0], peak_mebibytes=None)], "growth.csv:2: expected peak_mebibytes in a row"),
    ],
)
def test_missing_rows_or_peaks_are_bad_input(tmp_path, rows, words):
    write_rows(tmp_path / "growth.csv", rows)

    with pytest.raises(InputError, match=words):
        write_growth_report(tmp_path)
