from pathlib import Path

import pytest

from benchmarks.growth.measure import sweeps
from benchmarks.growth.report import growth_table
from benchmarks.plan import ITEMS
from benchmarks.report.tables import is_current, machine_table
from benchmarks.report.write import machines_page, read_all, read_profile_tables, readme_section
from benchmarks.rows import COLUMNS, read_rows
from benchmarks.runner.machine import read_machine
from benchmarks.scaling.report import write_scaling

ROOT = Path(__file__).parents[3]
BENCHMARKS = ROOT / "results" / "benchmarks"
MACHINES = [path.parent for path in sorted(BENCHMARKS.glob("*/machine.csv"))]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_the_table_of_a_machine_follows_from_its_rows(machine):
    about, profile = read_machine(machine / "machine.csv"), read_profile_tables(machine)

    assert (machine / "table.md").read_text() == machine_table(read_all(machine), about, profile)
    assert (machine / "figure.png").exists() == is_current(about)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_the_growth_table_of_a_machine_follows_from_its_rows(machine):
    if not (machine / "growth.csv").exists():
        pytest.skip("growth was not measured on this machine")
    about = read_machine(machine / "growth_machine.csv")

    rows = read_rows(machine / "growth.csv")
    assert (machine / "growth.md").read_text() == growth_table(rows, about)
    declared = {(each.case, one.name) for each in sweeps(False, Path()) for one in each.contenders}
    assert {(row.case, row.contender) for row in rows} == declared


def test_the_table_of_all_machines_and_the_readme_follow_from_the_rows():
    assert (BENCHMARKS / "table.md").read_text() == machines_page(BENCHMARKS)
    assert readme_section(BENCHMARKS) in (ROOT / "README.md").read_text()


def test_the_files_of_scaling_follow_from_the_rows(tmp_path):
    write_scaling(tmp_path, MACHINES)

    for name in ("published.csv", "predicted.csv", "table.md"):
        assert (tmp_path / name).read_text() == (ROOT / "results" / "scaling" / name).read_text()


def test_the_readme_of_the_results_names_files_and_columns():
    text = (ROOT / "results" / "README.md").read_text()
    section = text[text.index("`benchmarks/<machine kind>/`") : text.index("`scaling/`")]

    for name in (*COLUMNS, *(f"{item}.csv" for item in ITEMS), "growth.csv", "machine.csv", "profile.csv"):
        assert f"`{name}`" in section
