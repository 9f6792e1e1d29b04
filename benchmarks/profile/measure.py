import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import tensorflow as tf

from alexnet_tf.models import alexnet
from alexnet_tf.models.summary import layer_costs, weightless
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.processor import has_bfloat16
from benchmarks.plan import PRECISIONS
from benchmarks.profile.inputs import profile_inputs, write_stages
from benchmarks.profile.rows import (
    FORWARD,
    HALF_WIDTH,
    INFERENCE,
    INPUTS,
    MATRIX_PRODUCT,
    TRAINING,
    WEIGHTS,
    WHOLE,
    Share,
    write_profile,
)
from benchmarks.profile.trace import operation_seconds, parts_of
from benchmarks.runner.machine import describe_machine, machine_folder, write_machine
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side import inference, training_step
from benchmarks.tensorflow_side.about import about
from benchmarks.tensorflow_side.machine_limits import matmul

BATCHES = 32, 128
ROUNDS = 3
# Calls per round.
CALLS = {TRAINING: 1, HALF_WIDTH: 3, INFERENCE: 10}


def run_profile(results_dir: Path, batches: Sequence[int] = BATCHES, images: int = 1024) -> Path:
    """Profiles training steps, inference and input pipelines.

    Writes profile.csv, profile_inputs.csv and profile_machine.csv to the machine's folder, and returns the
    folder.

    Raises:
        InputError: if the folder cannot be created, or if the traced times of the operations of a call add up
            to less than half or more than twice its measured time.
    """
    folder = machine_folder(results_dir)
    # In a separate process, because the setting below restricts the threads of this one.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        stages = pool.submit(profile_inputs, images).result()
    # Run operations one after another, so that their times add up to the time of the step.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    described = describe_machine({"tensorflow": about()}, quick=False)
    shares = []
    largest = max(batches)
    for precision in PRECISIONS:
        if precision != "float32" and not has_bfloat16():
            continue
        for batch in batches:
            shares += _shares(TRAINING, precision, batch, training_step.alexnet(batch, precision))
        net = training_step.half_width_alexnet(largest, precision)
        shares += _shares(HALF_WIDTH, precision, largest, net)
    shares += _shares(INFERENCE, "float32", 1, inference.alexnet(1, 1, "float32"))
    # Written last, so that a stopped run leaves no mix of old and new files.
    write_stages(folder / "profile_inputs.csv", stages)
    write_profile(folder / "profile.csv", shares)
    write_machine(folder / "profile_machine.csv", described)
    return folder


def _shares(work: str, precision: str, batch: int, task: Task) -> list[Share]:
    product = matmul(4096, precision.removeprefix("mixed_"))
    parts = parts_of(operation_seconds(task, ROUNDS * CALLS[work]))
    seconds, product_seconds = _seconds_in_turns((task, CALLS[work]), (product, 1))
    traced = sum(parts.values())
    if not 0.5 < traced / seconds < 2:
        raise InputError(
            f"{work}, {precision}: expected traced operations to add up to the call's {seconds:.3g} s; "
            f"received {traced:.3g} s; this version of TensorFlow may name operations differently"
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
    """Median seconds per call of each task, a pair (task, calls per round); the first round is a warm-up."""
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(ROUNDS + 1):
        for (task, calls), seconds in zip(tasks, taken, strict=True):
            began = time.perf_counter()
            for _ in range(calls):
                task.call()
            seconds.append((time.perf_counter() - began) / calls)
    return [statistics.median(seconds[1:]) for seconds in taken]


def _gflop(work: str, batch: int) -> dict[tuple[str, str], float]:
    parts = (FORWARD,) if work == INFERENCE else (FORWARD, WEIGHTS, INPUTS)
    with weightless():
        model = training_step.half_width_model() if work == HALF_WIDTH else alexnet((224, 224, 3), 1000)
    return {
        (part, cost.name): 2 * batch * cost.multiply_adds / 1e9
        for cost in layer_costs(model)
        for part in parts
        if cost.multiply_adds and (cost.name, part) != ("conv1", INPUTS)
    }
