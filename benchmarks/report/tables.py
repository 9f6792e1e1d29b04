"""The benchmark's tables, in Markdown, from its rows."""

from collections.abc import Mapping

from benchmarks.report.changes import measured_otherwise
from benchmarks.report.completeness import is_whole, left_out
from benchmarks.report.targets import TARGETS, Measured, Rows, Target
from benchmarks.report.wording import duration, significant
from benchmarks.rows import Row
from experiments.report.tables import markdown

DIFFER = "`rounds differ`: the median decides, but at least one round is on the other side of the target."


def machine_table(rows: Rows, about: dict[str, str], profile: str = "") -> str:
    """Markdown: targets, limits, every row, what it was measured on; and the profile, if there is one."""
    parts = ["# Speed and memory"]
    if about:
        parts += [conditions(rows, about), "## Targets", targets_table(rows), DIFFER, _limits(rows)]
    for item, found in rows.items():
        if found:
            parts += [f"## {item.replace('_', ' ').capitalize()}", _item_table(found)]
    if profile:
        parts += ["## What AlexNet spends its time on", profile]
    if about:
        properties = [[name, value] for name, value in about.items()]
        parts += ["## Machine and versions", markdown(("property", "value"), properties)]
    return "\n\n".join(part for part in parts if part) + "\n"


def targets_table(rows: Rows) -> str:
    """Markdown: a line for each target."""
    header = ("work", "precision", "target", "measured (median, and range of the rounds)", "limit", "verdict")
    lines = []
    for target in TARGETS:
        measured = target.measure(rows)
        lines.append(
            [target.work, target.precision, _bound(target), _measured(measured, target),
             _limit(measured, target), target.verdict(measured)]
        )  # fmt: skip
    return markdown(header, lines)


def machines_table(machines: Mapping[str, Rows]) -> str:
    """Markdown: a line for each target, a column for each machine, by the name that the column is to have."""
    lines = [
        [target.work, target.precision, _bound(target), *(_cell(target, rows) for rows in machines.values())]
        for target in TARGETS
    ]
    return markdown(("work", "precision", "target", *machines), lines)


def _cell(target: Target, rows: Rows) -> str:
    measured = target.measure(rows)
    limit = _limit(measured, target)
    told = _measured(measured, target) + (f", limit {limit}" if limit else "")
    return f"{target.verdict(measured)}: {told}"


def _bound(target: Target) -> str:
    return f"{'≥' if target.at_least else '≤'} {_ratio(target.bound, target)}"


def conditions(rows: Rows, about: dict[str, str]) -> str:
    """What the rows were measured on and when, and what has come to the plan since, in sentences."""
    missing, otherwise = left_out(rows, about), measured_otherwise(rows, about)
    kind = about.get("run", "") if is_whole(about) else "no whole"
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
        f"({about.get('cpu_flags', '')}); {versions}; {kind} run of "
        f"{about.get('measured_at', '')[:10]}, load {about.get('load_before', '?')} before it"
        + (f", {about['minutes']} minutes" if "minutes" in about else "")
        + "."
        + "".join(
            f" Measured apart: {name.removeprefix('apart_')}, {when}."
            for name, when in about.items()
            if name.startswith("apart_")
        )
        + (f" Of the plan there are no rows of {'; '.join(missing)}." if missing else "")
        + (f" Measured before the benchmark changed: {'; '.join(otherwise)}." if otherwise else "")
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
        f"product of two matrices of 4096x4096 in TensorFlow, measured in turn with the steps ({told}), and "
        "nothing else. "
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
    rounds = f"{measured.rounds} round{'s' if measured.rounds > 1 else ''}"
    ratio = _ratio(measured.ratio, target)
    if ratio == _ratio(target.bound, target) and target.verdict(measured).startswith("not met"):
        # Rounded it would look like the bound itself.
        ratio = f"{100 * measured.ratio:.1f}%" if target.percent else f"{measured.ratio:.3f}×"
    return f"{ratio} ({low} to {high} in {rounds}{note})"


def _limit(measured: Measured, target: Target) -> str:
    return "" if measured.limit is None or target.percent else _ratio(measured.limit, target)


def _ratio(value: float, target: Target) -> str:
    return f"{100 * value:.0f}%" if target.percent else f"{significant(value)}×"
