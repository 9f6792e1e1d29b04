from pathlib import Path

from alexnet_tf.figures.look import write_figure
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from benchmarks.growth.report import write_growth_report
from benchmarks.plan import ITEMS
from benchmarks.profile.inputs import stages_table
from benchmarks.profile.report import profile_tables
from benchmarks.profile.rows import read_profile
from benchmarks.report.chart import draw
from benchmarks.report.tables import (
    DEFAULT_SGD,
    EARLIER,
    conditions,
    is_current,
    machine_table,
    machines_table,
    speed_sentence,
)
from benchmarks.rows import Rows, read_rows
from benchmarks.runner.machine import read_machine
from experiments.report.markdown import is_marked, replace_marked_section


def write_all(results_dir: Path) -> list[Path]:
    folders = sorted(path.parent for path in results_dir.glob("*/machine.csv"))
    if not folders:
        raise InputError(f"expected <machine kind>/machine.csv in {results_dir}; received none")
    grown = [folder for folder in folders if (folder / "growth.csv").exists()]
    written = [path for folder in folders for path in write_report(folder)]
    written += [path for folder in grown for path in write_growth_report(folder)]
    # Each machine's report writes the table of all machines, and the README.
    return list(dict.fromkeys(written))


def write_report(folder: Path) -> list[Path]:
    """Writes a machine's table.md and figure, the table of all machines, and the README's section on speed.

    A folder with only a profile gets only table.md; a folder of an earlier plan gets no figure.
    """
    rows, about = read_all(folder), read_machine(folder / "machine.csv")
    table = folder / "table.md"
    write_text(table, machine_table(rows, about, read_profile_tables(folder)))
    if not about:  # the folder contains only a profile
        return [table]
    if not is_current(about):
        return [table, *write_machines(folder.parent)]
    figures = write_figure(folder / "figure", lambda: draw(rows, about), ("png", "svg"))
    return [table, *figures, *write_machines(folder.parent)]


def write_machines(results_dir: Path) -> list[Path]:
    """Writes the table of all machines.

    If the folder's parent is named `results`, and the README.md beside `results` has a section on speed, the
    section is replaced.
    """
    results_dir = results_dir.resolve()
    table, readme = results_dir / "table.md", results_dir.parent.parent / "README.md"
    write_text(table, machines_page(results_dir))
    if results_dir.parent.name != "results" or not is_marked(readme, "benchmark"):
        return [table]
    replace_marked_section(readme, "benchmark", readme_section(results_dir))
    return [table, readme]


def read_all(folder: Path) -> Rows:
    return {item: read_rows(folder / f"{item}.csv") for item in ITEMS}


def read_profile_tables(folder: Path) -> str:
    about = read_machine(folder / "profile_machine.csv")
    parts = (
        profile_tables(read_profile(folder / "profile.csv"), about),
        stages_table(folder / "profile_inputs.csv"),
    )
    return "\n\n".join(filter(None, parts))


def machines_page(results_dir: Path) -> str:
    folders = {path.parent: read_machine(path) for path in sorted(results_dir.glob("*/machine.csv"))}
    judged = [folder for folder, about in folders.items() if is_current(about)]
    parts = ["# Speed on all machines"]
    parts += [
        f"[![Speed against PyTorch and Keras, {name}]({name}/figure.png)]({name}/table.md)"
        for name in (folder.name for folder in judged)
    ]
    parts.append(machines_table({f"[{f.name}]({f.name}/table.md)": read_all(f) for f in judged}))
    for folder, about in folders.items():
        name = folder.name
        parts.append(f"{name}: {conditions(about)} Every row: [{name}/table.md]({name}/table.md).")
        parts[-1] += "" if is_current(about) else f" {EARLIER}"
        if (folder / "growth.md").exists():
            parts[-1] += f" Time and memory as the work grows: [{name}/growth.md]({name}/growth.md)."
    return "\n\n".join(parts) + "\n"


def readme_section(results_dir: Path) -> str:
    folders = {path.parent: read_machine(path) for path in sorted(results_dir.glob("*/machine.csv"))}
    # A quick run lacks PyTorch's best form, with which the sentence compares.
    judged = {
        folder: about
        for folder, about in folders.items()
        if is_current(about) and about.get("run") != "quick"
    }
    sentences = [speed_sentence([read_all(folder) for folder in judged])]
    older = sum("pytorch_version" in about and "pytorch_sgd" not in about for about in judged.values())
    if older:
        sentences.append(f"On {older} of {len(judged)} machines PyTorch used its {DEFAULT_SGD}.")
    return " ".join([*sentences, f"[All measurements and targets](results/{results_dir.name}/table.md)."])
