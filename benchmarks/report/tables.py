from collections.abc import Mapping, Sequence

from benchmarks.plan import PLAN
from benchmarks.report.targets import TARGETS, Measured, Target
from benchmarks.rows import Row, Rows, duration, significant
from experiments.report.markdown import markdown

EARLIER = (
    "These rows are of an earlier plan, which compared with eager PyTorch only. Today's targets compare with "
    "the fastest form of PyTorch's CPU build, so they do not judge these rows."
)
# PyTorch's SGD in rows that were measured before the benchmark used its fused form.
DEFAULT_SGD = "default SGD, which is slower than the fused one"
DIFFER = "`rounds differ`: the median decides, but at least one round is on the other side of the target."


def machine_table(rows: Rows, about: Mapping[str, str], profile: str = "") -> str:
    parts = ["# Speed and memory"]
    if about and not is_current(about):
        parts += [conditions(about), EARLIER]
    elif about:
        parts += [conditions(about), "## Targets", targets_table(rows), DIFFER, _limits(rows)]
    for item, found in rows.items():
        if found:
            parts += [f"## {item.replace('_', ' ').capitalize()}", _item_table(found)]
    if profile:
        parts += ["## What AlexNet spends its time on", profile]
    if about:
        parts += ["## Machine and versions", markdown(("property", "value"), list(about.items()))]
    return "\n\n".join(part for part in parts if part) + "\n"


def targets_table(rows: Rows) -> str:
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
    """Markdown with a line for each target and a column for each machine; `machines` is title -> rows."""
    lines = [
        [target.work, target.precision, _bound(target), *(_cell(target, rows) for rows in machines.values())]
        for target in TARGETS
    ]
    return markdown(("work", "precision", "target", *machines), lines)


# Work of a target -> part of the README's sentence about speed.
SPOKEN = {
    "AlexNet training step, against the best of PyTorch": "training AlexNet {} times that of PyTorch's best",
    "AlexNet training step, against stock Keras layers": "training it {} times that of Keras's own layers",
    "one image, against the best of PyTorch": "classifying one image {} times that of PyTorch's best",
}


def speed_sentence(machines: Sequence[Mapping[str, Sequence[Row]]]) -> str:
    """The README's sentence on our float32 speed relative to PyTorch and Keras, as a range over machines."""
    said = []
    for target in TARGETS:
        measured = [target.measure(rows) for rows in machines]
        ratios = sorted(one.ratio for one in measured if one.rounds)
        if target.work in SPOKEN and target.precision == "float32" and ratios:
            ends = dict.fromkeys(significant(ratio) for ratio in (ratios[0], ratios[-1]))
            part = f" (on {len(ratios)} of them)" if len(ratios) < len(machines) else ""
            said.append(SPOKEN[target.work].format(" to ".join(ends)) + part)
    if not said:
        return "Speed against PyTorch and Keras has not been measured."
    kinds = f"{len(machines)} kinds of machine" if len(machines) > 1 else "one machine"
    return f"Speed on {kinds}, in float32 on CPUs: {'; '.join(said)}."


def is_current(about: Mapping[str, str]) -> bool:
    """Whether the rows were measured under the current plan, to which the targets belong."""
    return about.get("plan") == PLAN


def _cell(target: Target, rows: Rows) -> str:
    measured = target.measure(rows)
    limit = _limit(measured, target)
    cell = f"{target.verdict(measured)}: {_measured(measured, target)}"
    return f"{cell}, limit {limit}" if limit else cell


def _bound(target: Target) -> str:
    if target.bound is None:
        return "–"
    return f"{'≥' if target.at_least else '≤'} {_ratio(target.bound, target)}"


def conditions(about: Mapping[str, str]) -> str:
    names = {"TensorFlow": "tensorflow_version", "Keras": "tensorflow_keras", "PyTorch": "pytorch_version"}
    versions = ", ".join(f"{name} {about[key]}" for name, key in names.items() if key in about)
    if "pytorch_build" in about:
        versions += f" ({about['pytorch_build']}, {about.get('pytorch_sgd', DEFAULT_SGD)})"
    # `minutes` is recorded only by a run that has finished all items.
    kind = about.get("run", "") if "minutes" in about else "incomplete"
    sentences = [
        f"{about.get('processor', 'unknown processor')}, {about.get('threads', '?')} threads "
        f"({about.get('cpu_flags', '')}); {versions}; {kind} run of {about.get('measured_at', '')[:10]}, "
        f"load average {about.get('load_before', '?')} before it"
        + (f", {about['minutes']} minutes" if "minutes" in about else "")
        + "."
    ]
    sentences += [
        f"Measured separately: {name.removeprefix('apart_')}, {description}."
        for name, description in about.items()
        if name.startswith("apart_")
    ]
    return " ".join(sentences)


def _limits(rows: Rows) -> str:
    products = [
        f"{row.gflop_per_second:,.0f} GFLOP/s beside {row.case}"
        for row in rows.get("alexnet_step", ())
        if row.contender == "matrix product" and row.measured
    ]
    if not products:
        return ""
    return (
        "`limit` is the ratio that an ideal step would reach: one that consists of our convolutions and "
        "matrix products only, at the speed of a product of two 4096x4096 matrices in TensorFlow, measured "
        f"in turns with the steps ({'; '.join(products)}). "
        "A step's operations are counted from the model. A multiply-add counts as two, and each layer is "
        "computed three times: forward, for the gradient of its weights and, except in the first layer, for "
        "the gradient of its input."
    )


def _item_table(rows: Sequence[Row]) -> str:
    if any(row.peak_mebibytes is not None for row in rows):
        peaks = [
            [row.case, row.contender, f"{row.peak_mebibytes:,.0f} MiB" if row.measured else _reason(row)]
            for row in rows
        ]
        return markdown(("case", "contender", "peak memory"), peaks)
    header = ("case", "contender", "rate", "median of a call", "range", "GFLOP/s", "processor time", "note")
    lines = []
    for row in rows:
        if not row.measured:
            lines.append([row.case, row.contender, _reason(row), "", "", "", "", row.note])
            continue
        spread = f"{duration(min(row.seconds))} to {duration(max(row.seconds))}"
        speed = f"{row.gflop_per_second:,.0f}" if row.gflop else ""
        rate = f"{significant(row.rate)} {row.unit}/s"
        cpu = duration(row.cpu_seconds) if row.cpu_seconds else ""
        lines.append([row.case, row.contender, rate, duration(row.median), spread, speed, cpu, row.note])
    # Columns that no row fills are left out; older files lack the last ones.
    kept = [place for place in range(len(header)) if any(line[place] for line in lines)]
    return markdown([header[place] for place in kept], [[line[place] for place in kept] for line in lines])


def _reason(row: Row) -> str:
    return f"not measured: {row.message}"


def _measured(measured: Measured, target: Target) -> str:
    if not measured.rounds:
        return measured.note
    # Of processor time only the median over the rounds is recorded, so it has no range.
    spread = ""
    if measured.low < measured.high:
        spread = f"{_ratio(measured.low, target)} to {_ratio(measured.high, target)} in "
    note = f"; {measured.note}" if measured.note else ""
    rounds = f"{measured.rounds} round{'s' if measured.rounds > 1 else ''}"
    return f"{target.shown(measured.ratio)} ({spread}{rounds}{note})"


def _limit(measured: Measured, target: Target) -> str:
    return "" if measured.limit is None or target.unit == "%" else _ratio(measured.limit, target)


def _ratio(value: float, target: Target) -> str:
    return f"{100 * value:.0f}%" if target.unit == "%" else f"{significant(value)}{target.unit}"
