"""Training on more than this machine, computed: beside published points, and for machines like this.

What is predicted is an ideal: rings at the speed of the line, no waiting for the slowest, nothing but
convolutions and matrix products on devices of which only the peak is known. Published times are longer;
by how much is the check of the model.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from alexnet_tf.errors import InputError
from alexnet_tf.figures.look import DARK, PALETTE, caption, title, write_figure
from alexnet_tf.files import write_text
from benchmarks.rows import read_rows
from benchmarks.scaling_model import (
    FLOAT32_BYTES,
    TRAINING_IMAGES,
    Device,
    Network,
    images_per_second,
)
from benchmarks.targets import find
from experiments.tables import markdown


@dataclass(frozen=True)
class Published:
    """A training rate that others have published.

    Attributes:
        source: where.
        device: as described there; the share of peak is the target of our own step on a CPU.
        network: as described there, at its nominal rate.
        count: number of devices.
        batch: global.
        images_per_second: published, or epochs times images over the published time.
        gradient_bytes: what travels.
        assumed: what the source leaves open.
    """

    source: str
    device: Device
    network: Network
    count: int
    batch: int
    images_per_second: float
    gradient_bytes: float = FLOAT32_BYTES
    assumed: str = ""

    @property
    def predicted(self) -> float:
        """The model's images per second."""
        return images_per_second(
            self.device, self.count, self.batch, self.network, gradient_bytes=self.gradient_bytes
        )


# TensorFlow's benchmarks, May 2017 (docs_src/performance/benchmarks.md of TensorFlow 1.2): DGX-1,
# AlexNet, 512 images a GPU, synthetic data, replicated variables with NCCL. One GPU sets the device.
P100 = Device("P100", 1 / 2987)
NVLINK = Network("one NVLink, 20 GB/s", 20e9, 10e-6)
P100_IMAGES_PER_SECOND = {1: 2987, 2: 5658, 4: 10509, 8: 17822}
# You et al., "ImageNet Training in Minutes" (arXiv 1709.05011): 100 epochs in 11 minutes on 1,024 nodes of
# two Xeon Platinum 8160 (24 cores, two AVX-512 units each, 1.4 GHz when all use them), batch 32,768.
XEON_NODE = Device.from_peak("2 x Xeon 8160", 2 * 24 * 64 * 1.4, share=0.75)
# Jia et al., arXiv 1807.11205: 95 epochs in 4 minutes on 1,024 P40, batch 65,536, gradients of 16 bits.
P40 = Device.from_peak("P40", 11_760, share=0.75)
ETHERNET = Network("100 Gbit/s a machine", 12.5e9, 2e-6)

PUBLISHED = [
    *(
        Published(
            f"TensorFlow's benchmarks 2017, {count} x P100", P100, NVLINK, count, 512 * count, float(rate),
            assumed="ring over one link each way",
        )
        for count, rate in P100_IMAGES_PER_SECOND.items()
    ),
    Published(
        "You et al. 2017, 1,024 nodes of 2 Xeon 8160", XEON_NODE, ETHERNET, 1024, 32_768,
        100 * TRAINING_IMAGES / (11 * 60), assumed="75% of peak at 1.4 GHz",
    ),
    Published(
        "Jia et al. 2018, 1,024 P40", P40, ETHERNET, 1024, 65_536,
        95 * TRAINING_IMAGES / (4 * 60), FLOAT32_BYTES / 2,
        assumed="75% of peak, one line for 8 GPUs",
    ),
]  # fmt: skip

COUNTS = tuple(2**power for power in range(11))
LOCAL_BATCH = 128
NETWORKS = (
    Network("1 Gbit/s", 0.125e9, 50e-6),
    Network("10 Gbit/s", 1.25e9, 20e-6),
    Network("100 Gbit/s", 12.5e9, 2e-6),
)


def measured_device(machine: Path, precision: str) -> Device:
    """This kind of machine as a device, from its benchmark's rows.

    Raises:
        InputError: where the step was not measured at batch 32 and 128.
    """
    rows = {"alexnet_step": read_rows(machine / "alexnet_step.csv")}
    seconds = {}
    for batch in (32, 128):
        row = find(rows, "alexnet_step", f"batch {batch}, {precision}", "ours")
        if not row.measured or not row.seconds:
            raise InputError(
                f"{machine}: expected our AlexNet step at batch {batch}, {precision}; received none"
            )
        seconds[batch] = row.median
    return Device.from_steps(f"{machine.name}, {precision}", seconds)


def write_scaling(results_dir: Path, machines: Sequence[Path]) -> list[Path]:
    """Writes published.csv, predicted.csv, table.md and the figure.

    Args:
        results_dir: folder to write to.
        machines: benchmark folders of machines to predict for; those without our step are left out.
    """
    results_dir.mkdir(parents=True, exist_ok=True)
    devices = []
    for machine in machines:
        for precision in ("float32", "mixed_bfloat16"):
            try:
                devices.append(measured_device(machine, precision))
            except InputError:
                continue
    predicted = [
        (device, network, count, images_per_second(device, count, LOCAL_BATCH * count, network))
        for device in devices
        for network in NETWORKS
        for count in COUNTS
    ]
    _write_csv(
        results_dir / "published.csv",
        ("source", "devices", "batch", "network", "published_images_per_second",
         "predicted_images_per_second", "predicted_over_published", "assumed"),
        [
            (p.source, p.count, p.batch, p.network.name, f"{p.images_per_second:.0f}", f"{p.predicted:.0f}",
             f"{p.predicted / p.images_per_second:.3f}", p.assumed)
            for p in PUBLISHED
        ],
    )  # fmt: skip
    _write_csv(
        results_dir / "predicted.csv",
        ("machine", "network", "machines", "images_per_second", "efficiency"),
        [
            (device.name, network.name, count, f"{rate:.4g}", f"{_efficiency(device, count, rate):.3f}")
            for device, network, count, rate in predicted
        ],
    )
    write_text(results_dir / "table.md", _table(predicted))
    figures = write_figure(results_dir / "figure", lambda: _draw(predicted), ("png", "svg"))
    return [results_dir / name for name in ("published.csv", "predicted.csv", "table.md")] + figures


Predicted = tuple[Device, Network, int, float]


def _efficiency(device: Device, count: int, rate: float) -> float:
    return rate / (count * images_per_second(device, 1, LOCAL_BATCH, NETWORKS[0]))


def _table(predicted: Sequence[Predicted]) -> str:
    published = [
        [p.source, f"{p.batch:,}", p.network.name, f"{p.images_per_second:,.0f}", f"{p.predicted:,.0f}",
         f"{p.predicted / p.images_per_second:.2f}", p.assumed or "–"]
        for p in PUBLISHED
    ]  # fmt: skip
    header = ("published", "batch", "network", "images/s", "predicted", "predicted / published", "assumed")
    parts = [
        "# Training on many devices, computed",
        "A step takes `a + b n + 2 (N - 1) (latency + gradients / (N bandwidth))` on N devices with n images "
        "each, or as long as the input, if that is longer: fixed part a and time b an image of the device, "
        f"and a ring all-reduce of {FLOAT32_BYTES / 1e6:,.0f} MB of gradients that does not overlap with "
        "computation. The prediction is an ideal; how far the published rates fall short of it is the check.",
        markdown(header, published),
    ]
    if predicted:
        lines = [
            [
                device.name,
                network.name,
                str(count),
                f"{rate:,.0f}",
                f"{100 * _efficiency(device, count, rate):.0f}%",
            ]
            for device, network, count, rate in predicted
            if count in (2, 8, 64, 1024)
        ]
        parts += [
            f"Machines like the one that was measured, {LOCAL_BATCH} images each:",
            markdown(("machine", "network", "machines", "images/s", "efficiency"), lines),
        ]
    return "\n\n".join(parts) + "\n"


def _draw(predicted: Sequence[Predicted]) -> Figure:
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for place, p in enumerate(PUBLISHED):
        left.plot(
            [p.images_per_second, p.predicted], [place, place], color="#bbbbbb", linewidth=1.5, zorder=1
        )
        left.plot([p.images_per_second], [place], "o", color=DARK, label="published" if not place else None)
        left.plot([p.predicted], [place], "o", color=PALETTE[0], label="predicted" if not place else None)
    left.set_yticks(range(len(PUBLISHED)), [p.source.replace(", ", ",\n", 1) for p in PUBLISHED], fontsize=7)
    left.invert_yaxis()
    left.set_xscale("log")
    left.set_xlabel("images/s")
    left.set_title("published rates")
    left.legend(frameon=False, fontsize=8)
    lines = {(device.name, network.name) for device, network, *_ in predicted}
    for name, network in sorted(lines):
        points = [
            (count, 100 * _efficiency(device, count, rate))
            for device, via, count, rate in predicted
            if (device.name, via.name) == (name, network)
        ]
        style = "--" if "bfloat16" in name else "-"
        color = PALETTE[[n.name for n in NETWORKS].index(network)]
        right.plot(*zip(*points, strict=True), style, color=color, label=f"{network}, {name.split(', ')[-1]}")
    right.set_xscale("log", base=2)
    right.set_ylim(0, 105)
    right.set_xlabel(f"machines like this, {LOCAL_BATCH} images each")
    right.set_ylabel("% of perfect scaling")
    right.set_title("this kind of machine, by its network")
    if lines:
        right.legend(frameon=False, fontsize=7)
    title(figure, "What AlexNet's 61 million gradients cost on the way")
    caption(figure, "Model: compute + ring all-reduce without overlap; see table.md for its terms.")
    return figure


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([header, *rows])
    write_text(path, buffer.getvalue())
