"""Measures how time and memory grow with batch, image and data set, and with the number of devices."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.plan import Benchmark, Contender
from benchmarks.rows import write_rows
from benchmarks.runner.machine import describe_machine, machine_folder, write_machine
from benchmarks.runner.photographs import scratch_folder, write_thumbnails
from benchmarks.runner.turns import measure_alone
from benchmarks.runner.worker import Worker

CALLS = 3


def image_counts(quick: bool) -> tuple[int, ...]:
    return (1_000, 10_000) if quick else (1_000, 10_000, 100_000)


def sweeps(quick: bool, images: Path) -> Iterator[Benchmark]:
    """Benchmarks that each vary one quantity; a contender, named `<value> <quantity>`, has one value of it.

    `images` has a subfolder `<count>` of JPEG files for each of `image_counts`.
    """

    def sweep(case: str, quantity: str, build: str, arguments: dict[int, dict[str, Any]]) -> Benchmark:
        points = [
            Contender(f"{value} {quantity}", "tensorflow", build, given) for value, given in arguments.items()
        ]
        return Benchmark("growth", case, "images", tuple(points))

    step = "training_step.alexnet"
    batches = {
        batch: {"batch": batch, "precision": "float32", "side": 224}
        for batch in ((16, 32, 64) if quick else (8, 16, 32, 64, 128, 256))
    }
    yield sweep("AlexNet step, float32, 224 pixels", "images a batch", step, batches)
    sides = {
        side: {"batch": 32, "precision": "float32", "side": side}
        for side in ((112, 224) if quick else (112, 160, 224, 320))
    }
    yield sweep("AlexNet step, float32, batch 32", "pixels a side", step, sides)
    devices = {
        count: {"batch": 128, "precision": "float32", "lrn": False, "steps": 4, "devices": count}
        for count in (1, 2, 4)
    }
    case = "4 steps of the CIFAR net, float32, batch 128"
    yield sweep(case, "logical devices", "training_step.cifar_net", devices)
    for storage in ("memory", "stream"):
        folders = {n: {"folder": str(images / str(n)), "storage": storage} for n in image_counts(quick)}
        case = f"an epoch of images of 64 pixels, {storage}"
        yield sweep(case, "images in the set", "input_pipeline.read_epoch", folders)


def run_growth(results_dir: Path, quick: bool = False) -> tuple[Path, list[str]]:
    """Measures each point in its own process; writes growth.csv and growth_machine.csv.

    Returns:
        The machine's folder, and a line for each point that failed.
    """
    folder = machine_folder(results_dir)
    worker = Worker(sys.executable, "benchmarks.tensorflow_side")
    rows = []
    try:
        about = describe_machine({"tensorflow": worker.about()}, quick)
        with scratch_folder() as images:
            for count in image_counts(quick):
                write_thumbnails(images / str(count), count)
            for benchmark in sweeps(quick, images):
                for row in measure_alone(benchmark, {"tensorflow": worker}, CALLS):
                    print(f"  {row}", flush=True)
                    rows.append(row)
                # Both files at once: the earlier ones may describe other rows.
                write_machine(folder / "growth_machine.csv", about)
                write_rows(folder / "growth.csv", rows)
    finally:
        worker.stop()
    return folder, [f"growth, {row}" for row in rows if not row.measured]
