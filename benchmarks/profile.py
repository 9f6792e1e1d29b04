"""What a training step of AlexNet spends its time on, and how near each part is to the machine's limit."""

import csv
import io
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.errors import InputError
from alexnet_tf.files import write_text
from alexnet_tf.processor import has_bfloat16
from benchmarks.csv_lines import read_lines
from benchmarks.machine import describe_machine, machine_folder, write_machine
from benchmarks.plan import PRECISIONS
from benchmarks.rows import positive_number
from benchmarks.task import Task
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
    """Traces steps in each precision that the processor computes in.

    Writes profile.csv, and profile_machine.csv, which tells what it was measured on.

    Returns:
        The machine's folder, `<results_dir>/<machine kind>`.

    Raises:
        InputError: for a folder that cannot be made.
    """
    folder = machine_folder(results_dir)
    import tensorflow as tf

    from benchmarks.tensorflow_side.about import about

    # One operation after the other, so that their times add up to the step's.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    described = describe_machine({"tensorflow": about()}, quick=False)
    shares = []
    for precision in PRECISIONS:
        if precision == "float32" or has_bfloat16():
            shares += _shares(precision, batch)
    write_profile(folder / "profile.csv", shares)
    write_machine(folder / "profile_machine.csv", described)
    return folder


def _shares(precision: str, batch: int) -> list[Share]:
    from benchmarks.tensorflow_side.alexnet_step import ours
    from benchmarks.tensorflow_side.machine_limits import matmul
    from benchmarks.tensorflow_side.step_profile import operation_seconds, parts_of

    step, product = ours(batch, precision), matmul(4096, precision.removeprefix("mixed_"))
    parts = parts_of(operation_seconds(step, CALLS))
    step_seconds, product_seconds = _seconds_in_turns(step, product)
    traced = sum(parts.values())
    if not 0.5 < traced / step_seconds < 2:
        raise InputError(
            f"{precision}: expected traced operations to add up to the step's {step_seconds:.3g} s; received "
            f"{traced:.3g} s: does this TensorFlow name them otherwise?"
        )
    costs = _gflop(batch)
    shares = [
        Share(precision, batch, part, layer, seconds, costs.get((part, layer), 0.0))
        for (part, layer), seconds in sorted(parts.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
    return [
        Share(precision, batch, STEP, "", step_seconds, step.gflop),
        *shares,
        Share(precision, batch, PRODUCT, "", product_seconds, product.gflop),
    ]


def _seconds_in_turns(*tasks: Task) -> list[float]:
    """Median seconds of a call of each, which take turns after a call that does not count."""
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(CALLS + 1):
        for task, seconds in zip(tasks, taken, strict=True):
            began = time.perf_counter()
            task.call()
            seconds.append(time.perf_counter() - began)
    return [statistics.median(seconds[1:]) for seconds in taken]


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
    shares = [
        Share(
            values["precision"],
            round(positive_number("batch", values["batch"], place)),
            values["part"],
            values["layer"],
            positive_number("seconds", values["seconds"], place),
            positive_number("gflop", values["gflop"], place) if values["gflop"] else 0.0,
        )
        for place, values in read_lines(path, COLUMNS)
    ]
    for precision in dict.fromkeys(one.precision for one in shares):
        parts = [one.part for one in shares if one.precision == precision]
        if not (parts.count(STEP) == parts.count(PRODUCT) == 1 and len(parts) > 2):
            raise InputError(
                f"{path}: expected {STEP!r} and {PRODUCT!r} once, and parts, in {precision}; received {parts}"
            )
    return shares


def profile_tables(shares: list[Share], about: Mapping[str, str]) -> str:
    """Markdown: for each precision what the layers take, and the parts that are no matrix products.

    Args:
        shares: of all precisions.
        about: what they were measured on.
    """
    if not shares:
        return ""
    parts = [
        f"By `make profile`, {about.get('measured_at', 'at an unknown time')[:10]}, load "
        f"{about.get('load_before', '?')} before it, commit {about.get('tensorflow_git_commit', '?')}; one "
        "operation after the other (one inter-op thread), each on all threads."
    ]
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
            f"Traced: {1000 * traced:.0f} ms. The {PRODUCT}, measured in turns with the step, runs at "
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
    return markdown(("layer: ms, share of the product's speed", *directions, "of the traced time"), lines)


def _cell(one: Share | None, peak: float) -> str:
    if one is None:
        return "–"
    return f"{1000 * one.seconds:.0f}, {one.gflop / one.seconds / peak:.0%}"


def _others_table(rows: list[Share], traced: float) -> str:
    others = sorted((one for one in rows if not one.layer), key=lambda one: -one.seconds)
    lines = [[one.part, f"{1000 * one.seconds:.0f}", f"{one.seconds / traced:.0%}"] for one in others]
    return markdown(("no matrix product", "ms", "of the traced time"), lines)
