"""Writes table.md, the chart and the README's section from recorded rows, without measuring."""

from pathlib import Path

from alexnet_tf.figures.look import write_figure
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from benchmarks.plan import ITEMS
from benchmarks.profile.report import profile_tables
from benchmarks.profile.rows import read_profile
from benchmarks.report.chart import draw
from benchmarks.report.tables import conditions, machine_table, machines_table
from benchmarks.rows import Rows, read_rows
from benchmarks.runner.machine import read_machine
from experiments.report.markdown import replace_marked_section


def write_all(results_dir: Path) -> list[Path]:
    """Writes the reports of all machines in `results_dir`.

    Raises:
        InputError: if there are no machines.
    """
    folders = sorted(path.parent for path in results_dir.glob("*/machine.csv"))
    if not folders:
        raise InputError(f"expected <machine kind>/machine.csv in {results_dir}; received none")
    return [path for folder in folders for path in write_report(folder)]


def write_report(folder: Path) -> list[Path]:
    """Writes table.md, figure.png and figure.svg to a machine's folder, and the README's section.

    Returns:
        The files written.
    """
    rows, about = read_all(folder), read_machine(folder / "machine.csv")
    table = folder / "table.md"
    write_text(table, machine_table(rows, about, read_profile_tables(folder)))
    if not about:
        # The folder contains only a profile.
        return [table]
    figures = write_figure(folder / "figure", lambda: draw(rows, about), ("png", "svg"))
    return [table, *figures, *write_readme(folder.parent)]


def write_readme(results_dir: Path) -> list[Path]:
    """Writes the README's section if `results_dir` is that of the repository, `results/benchmarks`.

    Returns:
        The path of the README, or an empty list.
    """
    results_dir = results_dir.resolve()
    readme = results_dir.parent.parent / "README.md"
    if results_dir.parent.name != "results" or not readme.exists():
        return []
    replace_marked_section(readme, "benchmark", readme_section(results_dir))
    return [readme]


def read_all(folder: Path) -> Rows:
    """Reads the rows of all items from a machine's folder."""
    return {item: read_rows(folder / f"{item}.csv") for item in ITEMS}


def read_profile_tables(folder: Path) -> str:
    """Makes the tables of a machine's profile; an empty string if there is no profile."""
    about = read_machine(folder / "profile_machine.csv")
    return profile_tables(read_profile(folder / "profile.csv"), about)


def readme_section(results_dir: Path) -> str:
    """Markdown for the README: charts, the table of targets and the conditions of each machine."""
    folders = [path.parent for path in sorted(results_dir.glob("*/machine.csv"))]
    links = {folder: f"results/{results_dir.name}/{folder.name}" for folder in folders}
    parts = [
        f"[![Speed against PyTorch and Keras, {folder.name}]({link}/figure.png)]({link}/table.md)"
        for folder, link in links.items()
    ]
    parts.append(machines_table({f"[{f.name}]({link}/table.md)": read_all(f) for f, link in links.items()}))
    for folder, link in links.items():
        about = conditions(read_machine(folder / "machine.csv"))
        parts.append(f"{folder.name}: {about} Every row: [{link}/table.md]({link}/table.md).")
        if (folder / "growth.md").exists():
            parts[-1] += f" As it grows: [{link}/growth.md]({link}/growth.md)."
    return "\n\n".join(parts)
