import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alexnet_tf.figures.look import DARK, PALETTE, caption, title
from benchmarks.plan import PRECISIONS
from benchmarks.report.targets import TARGETS, Measured, Target, best, paired_ratio
from benchmarks.rows import Rows, find, significant

# Bars without a target: title, item, case, beginning of the names of the other contenders, name of ours.
FURTHER = (
    *((f"CIFAR net {lrn}, {precision.removeprefix('mixed_')}, against PyTorch", "cifar_step",
       f"batch 128, {precision}", f"PyTorch {lrn}", f"ours {lrn}")
      for lrn in ("with LRN", "without LRN") for precision in PRECISIONS),
    *((f"{case}, against PyTorch", "layers", case, "PyTorch", "ours")
      for case in ("LRN 128x55x55x96, float32", "LRN 128x55x55x96, bfloat16")),
    *((f"grouped convolution, {dtype}, against {other.split()[0]}", "layers",
       f"grouped convolution 16x27x27x96 -> 256, {dtype}", other, "ours")
      for dtype, other in (("float32", "Keras groups=2"), ("float32", "PyTorch"), ("bfloat16", "PyTorch"))),
    *((f"update of 61 M parameters, against {other.split()[0]}", "layers",
       "update of 61 M parameters, float32", other, "ours") for other in ("Keras SGD", "PyTorch")),
    ("inference, batch 128, float32, against PyTorch", "inference", "batch 128, 1 view, float32",
     "PyTorch", "ours"),
    ("32x32 images in memory, against PyTorch", "input_pipeline", "32x32 images in memory",
     "PyTorch", "ours"),
)  # fmt: skip
PALE = "#9CC7E2"

# Title, our speed relative to the other, target (None for a bar without one).
Bar = tuple[str, Measured, Target | None]


def draw(rows: Rows, about: Mapping[str, str]) -> Figure:
    bars = speedups(rows)
    lines = max((_label(name).count("\n") + 1 for name, _, _ in bars), default=1)
    inches_per_bar = max(0.42, 0.18 * lines)
    figure = Figure(figsize=(8, 1.8 + inches_per_bar * max(len(bars), 1)), layout="constrained")
    _draw_bars(figure.subplots(), bars)
    title(figure, "Speed of this library relative to the others, at the same work")
    machine = (
        f"{about.get('processor', '')} ({about.get('cpu_flags', '?')}), {about.get('threads', '?')} threads"
    )
    verdicts = {target.verdict(one) for _, one, target in bars if target}
    meets = "; a solid blue bar meets it" * any(verdict.startswith("met") for verdict in verdicts)
    misses = "; a hatched bar does not meet it" * any(verdict.startswith("not met") for verdict in verdicts)
    differ = " Rounds differ: some rounds lie on the other side of the target."
    caption(
        figure,
        f"{machine}. Bar: median over rounds, each of which measures both sides; black line: range of the "
        f"rounds. Orange line: target{meets}{misses}. Pale bar: no target."
        + differ
        * any("rounds differ" in verdict for verdict in verdicts),
    )
    return figure


def speedups(rows: Rows) -> list[Bar]:
    bars: list[Bar] = []
    for target in TARGETS:
        if target.unit == "×":
            measured = target.measure(rows)
            title = target.work.replace("AlexNet training step", f"AlexNet step, {target.precision}")
            title += "" if target.precision in (*title.split(", "), "–") else f", {target.precision}"
            title += f": {measured.note}" if measured.note else ""
            bars.append((title, measured, target if target.bound else None))
    for title, item, case, slower, faster in FURTHER:
        other = best(rows, item, case, slower, faster)
        bars.append((title, paired_ratio(other, find(rows, item, case, faster)), None))
    return [bar for bar in bars if bar[1].rounds]


def _label(name: str) -> str:
    return textwrap.fill(name, 48)


def _draw_bars(axes: Axes, bars: Sequence[Bar]) -> None:
    places = range(len(bars))
    for place, (_, one, target) in zip(places, bars, strict=True):
        text, end, verdict = f"{significant(one.ratio)}×", max(one.high, 1.0), ""
        if target and target.bound:
            verdict, end = target.verdict(one), max(end, target.bound)
            text = f"{target.shown(one.ratio)}, target {target.bound:g}×: {verdict}"
            axes.plot([target.bound] * 2, [place - 0.4, place + 0.4], color=PALETTE[1], linewidth=1.6)
        missed, edge = verdict.startswith("not met"), PALETTE[0] if target else PALE
        # Bars start at 1, which stands for equal speed.
        axes.barh(
            [place], [one.ratio - 1], left=1, height=0.62, facecolor="white" if missed else edge,
            edgecolor=edge, hatch="////" if missed else None,
        )  # fmt: skip
        axes.plot([one.low, one.high], [place, place], color=DARK, linewidth=1)
        axes.annotate(
            text, (end, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize="small"
        )
    axes.axvline(1, color="#999999", linewidth=0.8)
    axes.set_xlabel(
        "speed of this library / speed of the other (log scale)\n"
        "← the other is faster | this library is faster →"
    )
    axes.set_yticks(list(places), [_label(name) for name, _, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xscale("log")
    widest = max([2, *(one.high for _, one, _ in bars)])
    ticks = [value for value in (0.5, 1, 2, 5, 10, 20, 50, 100) if value <= 2 * widest]
    axes.set_xticks(ticks, [f"{value:g}×" for value in ticks])
    axes.minorticks_off()
    # Room for the text next to the longest bar.
    axes.set_xlim(min([0.7, *(one.low for _, one, _ in bars)]) * 0.9, 2 * widest)
