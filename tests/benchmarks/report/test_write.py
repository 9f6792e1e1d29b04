"""Reports are made from the files alone; making them twice gives identical files."""

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.report.tables import machines_table
from benchmarks.report.write import read_all, write_all, write_report
from benchmarks.rows import write_rows
from benchmarks.runner.machine import write_machine
from tests.benchmarks.recorded_rows import ROWS


def record(folder):
    folder.mkdir(parents=True)
    for item, rows in ROWS.items():
        write_rows(folder / f"{item}.csv", rows)
    write_machine(folder / "machine.csv", {"processor": "Some, CPU", "threads": "2", "run": "quick"})
    return folder


def test_report_from_the_files_alone(tmp_path):
    folder = record(tmp_path / "results" / "benchmarks" / "some-cpu")
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmark -->\n<!-- /benchmark -->\nafter\n")

    written = write_report(folder)

    assert [path.name for path in written] == [
        "table.md",
        "figure.png",
        "figure.svg",
        "table.md",
        "README.md",
    ]
    table = (folder / "table.md").read_text()
    assert "| batch 128, float32 | ours | 64.0 images/s | 2.00 s | 2.00 s to 2.50 s | 400 |" in table
    assert "| batch 128, float32 | ours | 2,345 MiB |" in table
    assert "not measured: no PyTorch" in table
    assert "500 GFLOP/s beside batch 128, float32" in table
    section = readme.read_text()
    assert section.startswith("before\n<!-- benchmark -->\n\nSpeed on one machine")
    assert section.endswith("(results/benchmarks/table.md).\n\n<!-- /benchmark -->\nafter\n")
    machines = (folder.parent / "table.md").read_text()
    assert machines_table({"[some-cpu](some-cpu/table.md)": read_all(folder)}) in machines
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_all(folder.parent)] == first


def test_a_users_own_runs_leave_the_readme_alone(tmp_path):
    folder = record(tmp_path / "runs" / "benchmarks" / "some-cpu")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmark --><!-- /benchmark -->")

    write_report(folder)

    assert readme.read_text() == "<!-- benchmark --><!-- /benchmark -->"


def test_no_machine_is_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"expected <machine kind>/machine\.csv in .*; received none"):
        write_all(tmp_path)
