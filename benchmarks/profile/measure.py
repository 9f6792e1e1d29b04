"""What AlexNet spends its time on, and how near each part is to the machine's limit: measured, as rows."""

import csv
import io
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from alexnet_tf.runtime.processor import has_bfloat16
from benchmarks.csv_lines import read_lines
from benchmarks.plan import PRECISIONS
from benchmarks.rows import positive_number
from benchmarks.runner.machine import describe_machine, machine_folder, write_machine
from benchmarks.runner.task import Task

BATCH = 128
CALLS = 3
# One image takes a hundredth of such a step.
IMAGE_CALLS = 30
COLUMNS = ("work", "precision", "batch", "part", "layer", "seconds", "gflop")
MATRIX_PRODUCT = "product of 4096x4096 matrices"
WHOLE = "whole call"
TRAINING, INFERENCE = "training step", "inference"
# What is done for each layer with weights; inference has the first alone.
FORWARD, WEIGHTS, INPUTS = "forward", "gradient of weights", "gradient of inputs"


@dataclass(frozen=True)
class Share:
    """One part of a call.

    Attributes:
        work: `TRAINING` or `INFERENCE`.
        precision: as in `--precision`.
        batch: images of the call.
        part: what it does, in words; `WHOLE` for the call itself, `MATRIX_PRODUCT` for the limit beside it.
        layer: of a convolution or fully connected layer, else empty.
        seconds: of one call.
        gflop: its operations, in 1e9; 0 where they are not counted.
    """

    work: str
    precision: str
    batch: int
    part: str
    layer: str
    seconds: float
    gflop: float


def run_profile(results_dir: Path, batch: int = BATCH) -> Path:
    """Traces training steps in each precision that the processor computes in, and inference of one image.

    Writes profile.csv, and profile_machine.csv, which tells what it was measured on.

    Returns:
        The machine's folder, `<results_dir>/<machine kind>`.

    Raises:
        InputError: for a folder that cannot be made.
    """
    folder = machine_folder(results_dir)
    import tensorflow as tf

    from benchmarks.tensorflow_side import alexnet_step, inference
    from benchmarks.tensorflow_side.about import about

    # One operation after the other, so that their times add up to the step's.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    described = describe_machine({"tensorflow": about()}, quick=False)
    shares = []
    for precision in PRECISIONS:
        if precision == "float32" or has_bfloat16():
            step = alexnet_step.ours(batch, precision)
            shares += _shares(TRAINING, precision, batch, step, CALLS)
    shares += _shares(INFERENCE, "float32", 1, inference.ours(1, 1, "float32"), IMAGE_CALLS)
    write_profile(folder / "profile.csv", shares)
    write_machine(folder / "profile_machine.csv", described)
    return folder


def _shares(work: str, precision: str, batch: int, task: Task, calls: int) -> list[Share]:
    from benchmarks.profile.trace import operation_seconds, parts_of
    from benchmarks.tensorflow_side.machine_limits import matmul

    product = matmul(4096, precision.removeprefix("mixed_"))
    parts = parts_of(operation_seconds(task, calls))
    seconds, product_seconds = _seconds_in_turns((task, calls // CALLS), (product, 1))
    traced = sum(parts.values())
    if not 0.5 < traced / seconds < 2:
        raise InputError(
            f"{work}, {precision}: expected traced operations to add up to the call's {seconds:.3g} s; "
            f"received {traced:.3g} s: does this TensorFlow name them otherwise?"
        )
    costs = _gflop(work, batch)
    shares = [
        Share(work, precision, batch, part, layer, taken, costs.get((part, layer), 0.0))
        for (part, layer), taken in sorted(parts.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
    return [
        Share(work, precision, batch, WHOLE, "", seconds, task.gflop),
        *shares,
        Share(work, precision, batch, MATRIX_PRODUCT, "", product_seconds, product.gflop),
    ]


def _seconds_in_turns(*tasks: tuple[Task, int]) -> list[float]:
    """Median seconds of a call of each, so many calls a turn, after a turn that does not count."""
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(CALLS + 1):
        for (task, calls), seconds in zip(tasks, taken, strict=True):
            began = time.perf_counter()
            for _ in range(calls):
                task.call()
            seconds.append((time.perf_counter() - began) / calls)
    return [statistics.median(seconds[1:]) for seconds in taken]


def _gflop(work: str, batch: int) -> dict[tuple[str, str], float]:
    """Operations of each layer, forward and in training for its two gradients; the images need none."""
    from alexnet_tf.models import alexnet
    from alexnet_tf.models.summary import layer_costs

    parts = (FORWARD, WEIGHTS, INPUTS) if work == TRAINING else (FORWARD,)
    costs = {}
    for cost in layer_costs(alexnet((224, 224, 3), 1000)):
        for part in parts if cost.multiply_adds else ():
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
        writer.writerow((one.work, one.precision, one.batch, one.part, one.layer, *numbers))
    write_text(path, buffer.getvalue())


def read_profile(path: Path) -> list[Share]:
    """Inverse of `write_profile`; nothing where there is no file.

    Raises:
        InputError: for a file that is not one of these.
    """
    shares = [
        Share(
            values["work"],
            values["precision"],
            round(positive_number("batch", values["batch"], place)),
            values["part"],
            values["layer"],
            positive_number("seconds", values["seconds"], place),
            positive_number("gflop", values["gflop"], place) if values["gflop"] else 0.0,
        )
        for place, values in read_lines(path, COLUMNS)
    ]
    for (work, precision), found in by_call(shares).items():
        parts = [one.part for one in found]
        if not (parts.count(WHOLE) == parts.count(MATRIX_PRODUCT) == 1 and len(parts) > 2):
            raise InputError(
                f"{path}: expected {WHOLE!r} and {MATRIX_PRODUCT!r} once, and parts, in {work}, {precision}; "
                f"received {parts}"
            )
    return shares


def by_call(shares: Sequence[Share]) -> dict[tuple[str, str], list[Share]]:
    """The parts of each call: (work, precision) -> shares, in their order."""
    calls: dict[tuple[str, str], list[Share]] = {}
    for one in shares:
        calls.setdefault((one.work, one.precision), []).append(one)
    return calls
