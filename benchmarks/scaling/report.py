"""Compares predicted with published training rates, and predicts the rates of many machines."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from alexnet_tf.figures.look import DARK, PALETTE, caption, title, write_figure
from alexnet_tf.runtime.files import make_folder, write_text
from benchmarks.plan import PRECISIONS
from benchmarks.rows import find, read_rows, write_lines
from benchmarks.scaling.model import FLOAT32_BYTES, TRAINING_IMAGES, Device, Network, images_per_second
from benchmarks.scaling.published import PUBLISHED, TOLERANCE, Published
from experiments.report.markdown import markdown

COUNTS = tuple(2**power for power in range(11))
LOCAL_BATCH = 128
NETWORKS = (
    Network("1 Gbit/s", 0.125e9, 50e-6),
    Network("10 Gbit/s", 1.25e9, 20e-6),
    Network("100 Gbit/s", 12.5e9, 2e-6),
)


class Prediction(NamedTuple):
    """Predicted rate of several machines; `efficiency` is this rate / (`machines` x rate of one machine)."""

    device: Device
    network: Network
    machines: int
    images_per_second: float
    efficiency: float


def measured_device(machine: Path, precision: str) -> Device | None:
    """A device from the rows in a machine's folder; None if the step at batch 32 or 128 was not measured."""
    rows = {item: read_rows(machine / f"{item}.csv") for item in ("alexnet_step", "input_pipeline")}
    seconds = {}
    for batch in (32, 128):
        row = find(rows, "alexnet_step", f"batch {batch}, {precision}", "ours")
        if not row.measured:
            return None
        seconds[batch] = row.median
    files = find(rows, "input_pipeline", "JPEG files to 224x224", "ours")
    rate = files.rate if files.measured else float("inf")
    return Device.from_steps(f"{machine.name}, {precision}", seconds, rate)


def predictions(devices: Sequence[Device]) -> Iterator[Prediction]:
    for device in devices:
        alone = images_per_second(device, 1, LOCAL_BATCH, NETWORKS[0])
        for network in NETWORKS:
            for count in COUNTS:
                rate = images_per_second(device, count, LOCAL_BATCH * count, network)
                yield Prediction(device, network, count, rate, rate / (count * alone))


def write_scaling(results_dir: Path, machines: Sequence[Path]) -> list[Path]:
    """Writes published.csv, predicted.csv, table.md and the figure; skips machines without measured steps."""
    make_folder(results_dir, "--out")
    measured = [measured_device(machine, precision) for machine in machines for precision in PRECISIONS]
    devices = [device for device in measured if device is not None]
    predicted = list(predictions(devices))
    write_lines(
        results_dir / "published.csv",
        ("source", "devices", "batch", "network", "published_images_per_second",
         "predicted_images_per_second", "predicted_over_published", "published_minutes", "predicted_minutes",
         "compute_seconds", "all_reduce_seconds", "agrees", "assumed"),
        [
            (p.source, p.count, p.batch, p.network.name, f"{p.images_per_second:.0f}", f"{p.predicted:.0f}",
             f"{p.ratio:.3f}", _minutes(p, p.images_per_second),
             _minutes(p, p.predicted), f"{p.step.compute:.4g}", f"{p.step.all_reduce:.4g}",
             "yes" if p.agrees else "no", p.assumed)
            for p in PUBLISHED
        ],
    )  # fmt: skip
    write_lines(
        results_dir / "predicted.csv",
        ("machine", "network", "machines", "images_per_second", "efficiency"),
        [
            (p.device.name, p.network.name, p.machines, f"{p.images_per_second:.4g}", f"{p.efficiency:.3f}")
            for p in predicted
        ],
    )
    write_text(results_dir / "table.md", _table(devices, predicted))
    figures = write_figure(results_dir / "figure", lambda: draw(predicted), ("png", "svg"))
    return [results_dir / name for name in ("published.csv", "predicted.csv", "table.md")] + figures


def _minutes(p: Published, rate: float) -> str:
    return f"{p.epochs * TRAINING_IMAGES / rate / 60:.1f}" if p.epochs else ""


def _agreement(p: Published) -> str:
    if p.agrees:
        return "yes"
    return f"no: compute {p.slower_compute:.1f} times, or all-reduce {p.slower_all_reduce:.1f} times"


def _table(devices: Sequence[Device], predicted: Sequence[Prediction]) -> str:
    published = [
        [p.source, f"{p.batch:,}", p.network.name,
         f"{p.images_per_second:,.0f}", f"{p.predicted:,.0f}", f"{p.ratio:.2f}",
         _minutes(p, p.images_per_second) or "–", _minutes(p, p.predicted) or "–",
         f"{1000 * p.step.compute:.0f} + {1000 * p.step.all_reduce:.0f} ms", _agreement(p), p.assumed]
        for p in PUBLISHED
    ]  # fmt: skip
    header = (
        "published", "batch", "network", "images/s", "predicted", "predicted / published", "minutes",
        "predicted", "step: compute + all-reduce", "agrees", "assumed",
    )  # fmt: skip
    parts = [
        "# Training on many devices, computed",
        "A step on N devices with n images each takes "
        "`a + b n + 2 (N - 1) (latency + gradients / (N bandwidth))`, or as long as its input, if that is "
        "longer. Here a is the device's fixed time per step and b its time per image; the third term is a "
        f"ring all-reduce of {FLOAT32_BYTES / 1e6:,.0f} MB of gradients, which does not overlap with "
        "computation. The predictions are ideal; they are compared with published rates. A predicted and a "
        f"published rate agree if the larger is at most {TOLERANCE:g} times the smaller (a limit that was "
        "set after the rates were known). If they do not, the table says how many times longer the compute "
        "alone, or the all-reduce alone, would have to take to give the published rate.",
        markdown(header, published),
    ]
    if predicted:
        lines = [
            [p.device.name, p.network.name, str(p.machines),
             f"{p.images_per_second:,.0f}", f"{p.efficiency:.0%}"]
            for p in predicted
            if p.machines in (2, 8, 64, 1024)
        ]  # fmt: skip
        terms = [
            [device.name, f"{1000 * device.seconds_per_step:.0f} ms",
             f"{1000 * device.seconds_per_image:.2f} ms", f"{device.input_images_per_second:,.0f}"]
            for device in devices
        ]  # fmt: skip
        parts += [
            "The terms of our machines, computed from their steps at batch 32 and 128, and the rate of their "
            "input from files (inf if it was not measured):",
            markdown(("machine", "fixed time a", "time per image b", "input, images/s"), terms),
            "The model assumes that input does not slow computation. On a processor both share the cores, so "
            "the rates below are too high. The factor is at most that by which JPEG files slow a step, "
            "compared with a constant batch (`step_with_input` in the machine's table below `benchmarks/`).",
            f"Predicted rates of several such machines, {LOCAL_BATCH} images each:",
            markdown(("machine", "network", "machines", "images/s", "efficiency"), lines),
        ]
    return "\n\n".join(parts) + "\n"


def draw(predicted: Sequence[Prediction]) -> Figure:
    machines = list(dict.fromkeys(_machine(p.device) for p in predicted))
    figure = Figure(figsize=(6.7, 4.4 + 3.4 * bool(machines)), layout="constrained")
    top, *bottom = figure.subfigures(1 + bool(machines), 1, squeeze=False)[:, 0]
    _draw_published(top.subplots())
    for part in bottom:
        panels = part.subplots(1, len(machines), sharey=True, squeeze=False)[0]
        for axes, machine in zip(panels, machines, strict=True):
            _draw_efficiency(axes, [p for p in predicted if _machine(p.device) == machine])
            axes.set_title(re.sub(r"-(\d+)-threads$", r",\n\1 threads", machine), fontsize="small")
        panels[0].set_ylabel("rate / (N × rate of one machine)")
        named = {str(line.get_label()): line for axes in panels for line in axes.lines}
        # A column for each network.
        handles = [named[label] for label in sorted(named, key=lambda label: int(label.split()[0]))]
        part.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize="small")
        heading = f"Predicted for N machines like ours, {LOCAL_BATCH} images each"
        part.suptitle(heading, x=0.01, ha="left", fontsize="medium")
    most = max(p.ratio for p in PUBLISHED)
    title(figure, f"An ideal model predicts up to {most:.1f} times the rates of published trainings")
    caption(
        figure,
        "The model: each step computes, and then sums 61 million gradients by a ring all-reduce at the full "
        "speed of the network (table.md). Numbers: predicted rate divided by published rate. The model takes "
        "the speed of one P100 from its published rate, so that number is 1.",
    )
    return figure


def _machine(device: Device) -> str:
    return device.name.split(", ")[0]


def _draw_published(axes: Axes) -> None:
    for place, p in enumerate(PUBLISHED):
        ends = [p.images_per_second, p.predicted]
        axes.plot(ends, [place, place], color="#bbbbbb", linewidth=1.5, zorder=1)
        axes.plot(ends[1], place, "o", color=PALETTE[0], label="" if place else "predicted (ideal)")
        # A ring, so that both markers are visible.
        axes.plot(
            ends[0], place, "o", markersize=9, markerfacecolor="none", markeredgecolor=DARK,
            label="" if place else "published",
        )  # fmt: skip
        axes.annotate(
            f"{p.ratio:.2f}×", (max(ends), place), xytext=(9, 0), textcoords="offset points",
            va="center", fontsize="small",
        )  # fmt: skip
    axes.set_yticks(range(len(PUBLISHED)), [p.source for p in PUBLISHED], fontsize="small")
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(right=4 * max(p.predicted for p in PUBLISHED))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("images/s (log scale; right: faster)")
    axes.set_title("Published trainings")
    axes.legend(loc="upper right", frameon=False, fontsize="small")


def _draw_efficiency(axes: Axes, predicted: Sequence[Prediction]) -> None:
    for device, network in dict.fromkeys((p.device, p.network) for p in predicted):
        points = [(p.machines, p.efficiency) for p in predicted if p[:2] == (device, network)]
        style = "--" if "bfloat16" in device.name else "-"
        label = f"{network.name}, {device.name.split(', ')[-1]}"
        axes.plot(*zip(*points, strict=True), style, color=PALETTE[NETWORKS.index(network)], label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(COUNTS[::5], [f"{count:,}" for count in COUNTS[::5]])
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("N machines (log scale)")
