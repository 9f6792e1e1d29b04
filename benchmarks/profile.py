"""What a training step of AlexNet spends its time on, and how near each part is to the machine's limit."""

import csv
import io
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.errors import InputError
from alexnet_tf.files import write_text
from alexnet_tf.processor import has_bfloat16
from benchmarks.machine import machine_folder
from benchmarks.plan import PRECISIONS
from experiments.tables import markdown

BATCH = 128
CALLS = 3
COLUMNS = ("precision", "batch", "part", "layer", "seconds", "gflop")
PRODUCT = "product of 4096x4096 matrices"
STEP = "whole step"


@dataclass(frozen=True)
class Share:
    """One part of a step.

    Attributes:
        precision: as in `--precision`.
        batch: images of the step.
        part: what it does, in words; `STEP` for the step itself and `PRODUCT` for the limit beside it.
        layer: of a convolution or fully connected layer, else empty.
        seconds: of one step.
        gflop: its operations, in 1e9; 0 where they are not counted.
    """

    precision: str
    batch: int
    part: str
    layer: str
    seconds: float
    gflop: float


def run_profile(results_dir: Path, batch: int = BATCH) -> Path:
    """Traces steps in each precision that the processor computes in; writes profile.csv.

    Returns:
        The machine's folder, `<results_dir>/<machine kind>`.
    """
    import tensorflow as tf

    # One operation after the other, so that their times add up to the step's.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    folder = machine_folder(results_dir)
    shares = []
    for precision in PRECISIONS:
        if precision == "float32" or has_bfloat16():
            shares += _shares(precision, batch)
            write_profile(folder / "profile.csv", shares)
    return folder


def _shares(precision: str, batch: int) -> list[Share]:
    from benchmarks.tensorflow_side.alexnet_step import ours
    from benchmarks.tensorflow_side.machine_limits import matmul
    from benchmarks.tensorflow_side.step_profile import operation_seconds, parts_of

    step, product = ours(batch, precision), matmul(4096, precision.removeprefix("mixed_"))
    parts = parts_of(operation_seconds(step, CALLS))
    costs = _gflop(batch)
    shares = [
        Share(precision, batch, part, layer, seconds, costs.get((part, layer), 0.0))
        for (part, layer), seconds in sorted(parts.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
    return [
        Share(precision, batch, STEP, "", _seconds(step), step.gflop),
        *shares,
        Share(precision, batch, PRODUCT, "", _seconds(product), product.gflop),
    ]


def _seconds(task) -> float:
    taken = []
    for _ in range(CALLS + 1):
        began = time.perf_counter()
        task.call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def _gflop(batch: int) -> dict[tuple[str, str], float]:
    """Operations of each layer, forward and for its two gradients; the images need none."""
    from alexnet_tf.models import alexnet
    from alexnet_tf.summary import layer_costs
    from benchmarks.tensorflow_side.step_profile import FORWARD, INPUTS, WEIGHTS

    costs = {}
    for cost in layer_costs(alexnet((224, 224, 3), 1000)):
        for part in (FORWARD, WEIGHTS, INPUTS) if cost.multiply_adds else ():
            if (cost.name, part) != ("conv1", INPUTS):
                costs[part, cost.name] = 2 * batch * cost.multiply_adds / 1e9
    return costs


def write_profile(path: Path, shares: list[Share]) -> None:
    """Writes profile.csv."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in shares:
        numbers = (f"{one.seconds:.5g}", f"{one.gflop:.5g}" if one.gflop else "")
        writer.writerow((one.precision, one.batch, one.part, one.layer, *numbers))
    write_text(path, buffer.getvalue())


def read_profile(path: Path) -> list[Share]:
    """Inverse of `write_profile`; nothing where there is no file.

    Raises:
        InputError: for a file that is not one of these.
    """
    if not path.exists():
        return []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [
                Share(
                    row["precision"],
                    int(row["batch"]),
                    row["part"],
                    row["layer"],
                    float(row["seconds"]),
                    float(row["gflop"] or 0),
                )
                for row in csv.DictReader(file)
            ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected columns {', '.join(COLUMNS)}; received {error!r}") from error


def profile_tables(shares: list[Share]) -> str:
    """Markdown: for each precision what the layers take, and the parts that are no matrix products."""
    parts = []
    for precision in dict.fromkeys(one.precision for one in shares):
        found = [one for one in shares if one.precision == precision]
        (step,) = (one for one in found if one.part == STEP)
        (product,) = (one for one in found if one.part == PRODUCT)
        peak = product.gflop / product.seconds
        rows = [one for one in found if one.part not in (STEP, PRODUCT)]
        traced = sum(one.seconds for one in rows)
        parts.append(f"### {precision}, batch {step.batch}: {1000 * step.seconds:.0f} ms a step")
        products = [one for one in rows if one.gflop]
        share = sum(one.seconds for one in products) / traced
        speed = sum(one.gflop for one in products) / sum(one.seconds for one in products)
        parts.append(
            f"Traced, one operation after the other: {1000 * traced:.0f} ms. The {PRODUCT} runs at "
            f"{peak:,.0f} GFLOP/s, the step at {step.gflop / step.seconds:,.0f}; its convolutions and fully "
            f"connected layers, {share:.0%} of the traced time, at {speed:,.0f}."
        )
        parts.append(_layers_table(rows, peak, traced))
        parts.append(_others_table(rows, traced))
    return "\n\n".join(parts)


def _layers_table(rows: list[Share], peak: float, traced: float) -> str:
    from benchmarks.tensorflow_side.step_profile import FORWARD, INPUTS, WEIGHTS

    directions = (FORWARD, WEIGHTS, INPUTS)
    lines = []
    for layer in sorted({one.layer for one in rows if one.layer}):
        of_layer = {one.part: one for one in rows if one.layer == layer}
        cells = [_cell(of_layer.get(direction), peak) for direction in directions]
        lines.append([layer, *cells, f"{sum(one.seconds for one in of_layer.values()) / traced:.0%}"])
    return markdown(("layer: ms, share of the product's speed", *directions, "of the step"), lines)


def _cell(one: Share | None, peak: float) -> str:
    if one is None:
        return "–"
    return f"{1000 * one.seconds:.0f}, {one.gflop / one.seconds / peak:.0%}"


def _others_table(rows: list[Share], traced: float) -> str:
    others = sorted((one for one in rows if not one.layer), key=lambda one: -one.seconds)
    lines = [[one.part, f"{1000 * one.seconds:.0f}", f"{one.seconds / traced:.0%}"] for one in others]
    return markdown(("no matrix product", "ms", "of the step"), lines)
