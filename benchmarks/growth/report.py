from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from alexnet_tf.figures.look import GREY, PALETTE, caption, title, write_figure
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from benchmarks.rows import Row, duration, read_rows, significant
from benchmarks.runner.machine import read_machine
from experiments.report.markdown import markdown

# Expected slopes of time and memory over each quantity, on logarithmic axes.
SLOPES = {"images a batch": 1, "pixels a side": 2, "logical devices": 0, "images in the set": 1}


def write_growth_report(folder: Path) -> list[Path]:
    rows = read_rows(folder / "growth.csv")
    if not rows:
        raise InputError(f"expected rows in {folder / 'growth.csv'}; received none")
    about = read_machine(folder / "growth_machine.csv")
    write_text(folder / "growth.md", growth_table(rows, about))
    figures = write_figure(folder / "growth", lambda: draw(rows, about), ("png", "svg"))
    return [folder / "growth.md", *figures]


def growth_table(rows: Sequence[Row], about: dict[str, str]) -> str:
    lines = []
    for row in rows:
        measured = (
            [duration(row.median), significant(row.rate), f"{row.peak_mebibytes:,.0f} MiB"]
            if row.measured
            else [f"not measured: {row.message}", "", ""]
        )
        lines.append([row.case, row.contender, *measured])
    header = ("work", "size", "time of a call", "images/s", "peak memory of the process")
    return f"# Time and memory as the work grows\n\n{_machine(about)}\n\n{markdown(header, lines)}\n"


def draw(rows: Sequence[Row], about: dict[str, str]) -> Figure:
    """Draws the time (above) and the peak memory (below) over each quantity; each quantity has a column."""
    quantities = list(dict.fromkeys(_quantity(row) for row in rows))
    figure = Figure(figsize=(2.6 * len(quantities) + 0.6, 4.6), layout="constrained")
    axes = figure.subplots(2, len(quantities), squeeze=False)
    for column, quantity in enumerate(quantities):
        found = [row for row in rows if _quantity(row) == quantity and row.measured]
        for number, case in enumerate(dict.fromkeys(row.case for row in found)):
            points = sorted((_size(row), row.median, row.peak_mebibytes) for row in found if row.case == case)
            sizes, seconds, peaks = zip(*points, strict=True)
            label = case.split(", ")[-1] if quantity == "images in the set" else None
            for axis, values in zip(axes[:, column], (seconds, peaks), strict=True):
                axis.plot(sizes, values, "o-", color=PALETTE[number], markersize=3.5, label=label)
                axis.set_xscale("log")
                axis.set_yscale("log")
                axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
                axis.tick_params(labelsize="small")
                axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
                axis.minorticks_off()
                # Limits so wide that a constant time or memory looks flat.
                low, high = axis.get_ylim()
                axis.set_ylim(min(low, min(values) / 2), max(high, 2 * max(values)))
                if quantity in SLOPES and not number:
                    # The line passes through the largest size, where a constant part matters least.
                    slope = SLOPES[quantity]
                    guide = [values[-1] * (size / sizes[-1]) ** slope for size in sizes]
                    axis.plot(sizes, guide, ":", color=GREY, label=f"slope {slope} (expected)", zorder=1)
                axis.legend(loc="upper left", frameon=False, fontsize="small")
            axes[0, column].set_title(case.removesuffix(f", {label}"), fontsize="small")
        axes[1, column].set_xlabel(quantity, fontsize="small")
    axes[0, 0].set_ylabel("seconds a call")
    axes[1, 0].set_ylabel("peak memory, MiB")
    title(figure, "Time and memory as the work grows, on logarithmic axes")
    about_slopes = (
        "Dotted, through the largest size: the slope expected if all time and memory are proportional to the "
        "work (0 for logical devices, which share one batch and one processor). A constant part makes a "
        "curve flatter. memory: the set is held in memory; stream: it is read from disk."
    )
    caption(figure, f"{_machine(about)}\n{about_slopes}")
    return figure


def _machine(about: dict[str, str]) -> str:
    processor, threads = about.get("processor", "unknown processor"), about.get("threads", "?")
    load = f"system load {about.get('load_before', '?')} when measuring began"
    measured = f"measured {about.get('measured_at', '')[:10]}, {load}"
    return f"{processor}, {threads} threads; {measured}. Each row was measured in a process of its own."


def _size(row: Row) -> int:
    return int(row.contender.split()[0])


def _quantity(row: Row) -> str:
    return row.contender.split(maxsplit=1)[1]
