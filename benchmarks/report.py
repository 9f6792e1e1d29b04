"""From recorded rows to table.md, the chart and README's section; nothing is measured."""

from pathlib import Path

from alexnet_tf.errors import InputError
from alexnet_tf.files import write_text
from alexnet_tf.marked_section import replace_marked_section
from benchmarks.machine import read_machine
from benchmarks.plan import ITEMS
from benchmarks.rows import Row, read_rows
from benchmarks.targets import TARGETS, Measured, Rows, Target
from benchmarks.wording import duration, significant
from experiments.tables import markdown

SECTION = "benchmark"
# Below `results/benchmarks`: what `python -m benchmarks precision` wrote.
PRECISION = "precision"


def write_all(results_dir: Path) -> list[Path]:
    """Writes the reports of all machines below `results_dir`.

    Raises:
        InputError: where there is none.
    """
    folders = sorted(path.parent for path in results_dir.glob("*/machine.csv"))
    if not folders:
        raise InputError(f"expected <machine kind>/machine.csv in {results_dir}, received none")
    return [path for folder in folders for path in write_report(folder)]


def write_report(folder: Path) -> list[Path]:
    """Writes table.md, figure.png and figure.svg beside a machine's rows, and README's section.

    Returns:
        The files written.
    """
    # Here, not at the top: the rest should not wait for matplotlib.
    from alexnet_tf.figures.look import write_figure
    from benchmarks.chart import draw

    rows, about = read_all(folder), read_machine(folder / "machine.csv")
    write_text(folder / "table.md", machine_table(rows, about))
    figures = write_figure(folder / "figure", lambda: draw(rows, about), ("png", "svg"))
    written = [folder / "table.md", *figures]
    return written + write_readme(folder.parent)


def write_readme(results_dir: Path) -> list[Path]:
    """Writes README's section where `results_dir` is the committed evidence, `results/benchmarks`.

    Returns:
        The README, or nothing.
    """
    results_dir = results_dir.resolve()
    readme = results_dir.parent.parent / "README.md"
    if results_dir.parent.name != "results" or not readme.exists():
        return []
    replace_marked_section(readme, SECTION, readme_section(results_dir))
    return [readme]


def read_all(folder: Path) -> Rows:
    """The rows of every item of a machine's folder."""
    return {item: read_rows(folder / f"{item}.csv") for item in ITEMS}


def readme_section(results_dir: Path) -> str:
    """Chart and table of targets of each machine, for the README beside the results.

    And a line on the precisions, from the folder `precision`.
    """
    # Here, not at the top: the rest should not wait for matplotlib and SciPy.
    from benchmarks.precision_report import readme_line

    parts = []
    for path in sorted(results_dir.glob("*/machine.csv")):
        link = f"results/{results_dir.name}/{path.parent.name}"
        about = read_machine(path)
        parts += [
            f"[![Speed against PyTorch and Keras]({link}/figure.png)]({link}/table.md)",
            targets_table(read_all(path.parent)),
            f"{_conditions(about)} Every row: [{link}/table.md]({link}/table.md).",
        ]
    parts.append(readme_line(results_dir / PRECISION))
    return "\n\n".join(part for part in parts if part)


def machine_table(rows: Rows, about: dict[str, str]) -> str:
    """Markdown: targets, limits, every row, and what it was measured on."""
    parts = ["# Speed and memory", _conditions(about), "## Targets", targets_table(rows), _limits(rows)]
    for item, found in rows.items():
        if found:
            parts += [f"## {item.replace('_', ' ').capitalize()}", _item_table(found)]
    properties = [[name, value] for name, value in about.items()]
    parts += ["## Machine and versions", markdown(("property", "value"), properties)]
    return "\n\n".join(part for part in parts if part) + "\n"


def targets_table(rows: Rows) -> str:
    """Markdown: a line for each target."""
    header = ("work", "precision", "target", "measured (median, and range of the rounds)", "limit", "verdict")
    lines = []
    for target in TARGETS:
        measured = target.measure(rows)
        bound = f"{'≥' if target.at_least else '≤'} {_ratio(target.bound, target)}"
        lines.append(
            [target.work, target.precision, bound, _measured(measured, target), _limit(measured, target),
             target.verdict(measured)]
        )  # fmt: skip
    return markdown(header, lines)


def _conditions(about: dict[str, str]) -> str:
    threads = about.get("threads", "?")
    versions = ", ".join(
        f"{name} {about[key]}"
        for name, key in (
            ("TensorFlow", "tensorflow_version"),
            ("Keras", "tensorflow_keras"),
            ("PyTorch", "pytorch_version"),
        )
        if key in about
    )
    return (
        f"{about.get('processor', 'unknown processor')}, {threads} threads "
        f"({about.get('cpu_flags', '')}); {versions}; {about.get('run', '')} run of "
        f"{about.get('measured_at', '')[:10]}, load {about.get('load_before', '?')} before it"
        + (f", {about['minutes']} minutes" if "minutes" in about else "")
        + "."
        + "".join(
            f" Measured apart: {name.removeprefix('apart_')}, {when}."
            for name, when in about.items()
            if name.startswith("apart_")
        )
    )


def _limits(rows: Rows) -> str:
    """The sentence that explains the column `limit`."""
    products = [
        row for row in rows.get("alexnet_step", ()) if row.contender == "matrix product" and row.measured
    ]
    told = "; ".join(f"{row.gflop_per_second:,.0f} GFLOP/s beside {row.case}" for row in products)
    if not told:
        return ""
    return (
        "`limit` is the ratio of a step that does its convolutions and matrix products at the speed of a "
        f"product of two matrices of 4096x4096, measured in turn with the steps ({told}), and nothing else. "
        "A step's operations are counted from the model: two for each multiply-add, three times (forward, "
        "gradient of the weights, gradient of the input), less the gradient of the images."
    )


def _item_table(rows: list[Row]) -> str:
    if any(row.peak_mebibytes is not None for row in rows):
        lines = [[row.case, row.contender, _peak(row)] for row in rows]
        return markdown(("case", "contender", "peak memory"), lines)
    header = ("case", "contender", "rate", "median of a call", "range", "GFLOP/s")
    lines = []
    for row in rows:
        if not row.measured:
            lines.append([row.case, row.contender, f"not measured: {row.message}", "", "", ""])
            continue
        spread = f"{duration(min(row.seconds))} to {duration(max(row.seconds))}"
        speed = f"{row.gflop_per_second:,.0f}" if row.gflop else ""
        rate = f"{significant(row.rate)} {row.unit}/s"
        lines.append([row.case, row.contender, rate, duration(row.median), spread, speed])
    return markdown(header, lines)


def _peak(row: Row) -> str:
    return f"{row.peak_mebibytes:,.0f} MiB" if row.measured else f"not measured: {row.message}"


def _measured(measured: Measured, target: Target) -> str:
    if measured.ratio is None:
        return measured.note
    low, high = _ratio(measured.low, target), _ratio(measured.high, target)
    note = f"; {measured.note}" if measured.note else ""
    return f"{_ratio(measured.ratio, target)} ({low} to {high}{note})"


def _limit(measured: Measured, target: Target) -> str:
    return "" if measured.limit is None or target.percent else _ratio(measured.limit, target)


def _ratio(value: float, target: Target) -> str:
    return f"{100 * value:.0f}%" if target.percent else f"{significant(value)}×"
