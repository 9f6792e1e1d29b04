import shutil

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.plan import PLAN
from benchmarks.report.tables import EARLIER, machines_table
from benchmarks.report.write import read_all, write_all, write_report
from benchmarks.rows import write_rows
from benchmarks.runner.machine import write_machine
from tests.benchmarks.recorded_rows import ROWS


def record(root, plan=PLAN):
    folder, readme = root / "benchmarks" / "some-cpu", root.parent / "README.md"
    folder.mkdir(parents=True)
    readme.write_text("before\n<!-- benchmark --><!-- /benchmark -->\nafter\n")
    for item, rows in ROWS.items():
        write_rows(folder / f"{item}.csv", rows)
    about = {"processor": "Some, CPU", "threads": "2", "run": "full", "plan": plan}
    write_machine(folder / "machine.csv", about)
    return folder, readme


def test_a_report_made_twice_from_the_same_files_has_the_same_bytes(tmp_path):
    folder, readme = record(tmp_path / "results")

    written = write_report(folder)

    names = ["table.md", "figure.png", "figure.svg", "table.md", "README.md"]
    assert [path.name for path in written] == names
    table = (folder / "table.md").read_text()
    assert "| batch 128, float32 | ours | 64.0 images/s | 2.00 s | 2.00 s to 2.50 s | 400 |" in table
    assert "| 500 images/s | 2.00 s | 2.00 s to 2.00 s | 4.00 s |  |" in table
    assert "| 556 images/s | 1.80 s | 1.80 s to 1.80 s |  | 2.13.0+cpu |" in table
    assert "| batch 128, float32 | ours | 2,345 MiB |" in table
    assert "not measured: no PyTorch" in table
    assert "500 GFLOP/s beside batch 128, float32" in table
    assert "| 3.00× (2.40× to 3.00× in 3 rounds; PyTorch compiled) |" in table
    section = readme.read_text()
    assert section.startswith("before\n<!-- benchmark -->\n\nSpeed on one machine")
    assert section.endswith("(results/benchmarks/table.md).\n\n<!-- /benchmark -->\nafter\n")
    machines = (folder.parent / "table.md").read_text()
    assert machines_table({"[some-cpu](some-cpu/table.md)": read_all(folder)}) in machines
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_all(folder.parent)] == first


@pytest.mark.parametrize("recorded", [{}, {"pytorch_sgd": "fused SGD"}])
def test_rows_with_the_default_sgd_of_pytorch_are_marked(recorded, tmp_path):
    folder, readme = record(tmp_path / "results")
    about = {"pytorch_version": "2.13.0", "pytorch_build": "CPU build", "plan": PLAN, **recorded}
    write_machine(folder / "machine.csv", about)

    write_report(folder)

    assert ("On 1 of 1 machines PyTorch used its default SGD" in readme.read_text()) == (not recorded)
    assert ("fused SGD)" in (folder / "table.md").read_text()) == bool(recorded)


def test_rows_of_an_earlier_plan_give_no_ratios(tmp_path):
    folder, readme = record(tmp_path / "results", plan="1")

    assert [path.name for path in write_report(folder)] == ["table.md", "table.md", "README.md"]

    for table in (folder / "table.md", folder.parent / "table.md"):
        assert EARLIER in table.read_text()
        assert "3.00×" not in table.read_text()
    assert "64.0 images/s" in (folder / "table.md").read_text()
    assert "has not been measured" in readme.read_text()


def test_a_quick_run_is_not_in_the_readme(tmp_path):
    folder, readme = record(tmp_path / "results")
    write_machine(folder / "machine.csv", {"run": "quick", "plan": PLAN})
    write_report(folder)
    assert "has not been measured" in readme.read_text()


def test_the_files_of_all_machines_are_listed_once(tmp_path):
    folder, readme = record(tmp_path / "results")
    shutil.copytree(folder, folder.with_name("other-cpu"))

    written = write_all(folder.parent)

    assert len(set(written)) == len(written)
    assert {folder / "table.md", folder.with_name("other-cpu") / "table.md", readme} < set(written)


def test_a_users_own_runs_do_not_change_the_readme(tmp_path):
    folder, readme = record(tmp_path / "runs")

    write_report(folder)

    assert "<!-- benchmark --><!-- /benchmark -->" in readme.read_text()


def test_a_readme_of_another_project_is_left_alone(tmp_path):
    folder, readme = record(tmp_path / "results")
    readme.write_text("of another project")

    assert readme not in write_report(folder)
    assert readme.read_text() == "of another project"


def test_a_folder_without_machines_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected <machine kind>/machine\.csv in .*; received none"):
        write_all(tmp_path)
