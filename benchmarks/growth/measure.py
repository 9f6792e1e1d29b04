"""Cost as it grows: time and memory against batch, image size, number of images, number of devices."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.plan import Contender
from benchmarks.rows import Row, write_rows
from benchmarks.runner.machine import describe_machine, machine_folder, write_machine
from benchmarks.runner.photographs import scratch_folder, write_thumbnails
from benchmarks.runner.worker import Worker, WorkerError

ROUNDS = 3


@dataclass(frozen=True)
class Sweep:
    """One quantity that grows, everything else fixed.

    Attributes:
        case: as in the rows.
        quantity: what grows.
        build: of the task, as in a `Contender`.
        argument: of the builder, that grows.
        values: it takes.
        fixed: the builder's other arguments.
    """

    case: str
    quantity: str
    build: str
    argument: str
    values: tuple[int, ...]
    fixed: dict


def sweeps(quick: bool) -> list[Sweep]:
    """What is swept, apart from the number of images, which needs files."""
    batches = (16, 32, 64) if quick else (8, 16, 32, 64, 128, 256)
    sides = (112, 224) if quick else (112, 160, 224, 320)
    step, shared = "growth.alexnet_step", {"batch": 128, "steps": 4}
    return [
        Sweep("AlexNet step, float32, 224 pixels", "images a batch", step, "batch", batches, {"side": 224}),
        Sweep("AlexNet step, float32, batch 32", "pixels a side", step, "side", sides, {"batch": 32}),
        Sweep(
            "4 steps of the CIFAR net, float32, batch 128",
            "logical devices",
            "growth.mirrored_step",
            "devices",
            (1, 2, 4),
            shared,
        ),
    ]


def reading_sweeps(folders: dict[int, str]) -> list[tuple[Sweep, dict[int, str]]]:
    """The number of images, in memory and from disk; `folders` holds that many each."""
    return [
        (Sweep(f"an epoch of images of 64 pixels, {storage}", "images in the set", "growth.read_epoch",
               "folder", tuple(folders), {"storage": storage}), folders)
        for storage in ("memory", "stream")
    ]  # fmt: skip


def run_growth(results_dir: Path, quick: bool = False) -> Path:
    """Measures every point in a process of its own; writes growth.csv.

    Returns:
        The machine's folder, `<results_dir>/<machine kind>`.

    Raises:
        InputError: for files that cannot be written.
    """
    folder = machine_folder(results_dir)
    worker = Worker(sys.executable, "benchmarks.tensorflow_side")
    rows: list[Row] = []
    try:
        write_machine(folder / "growth_machine.csv", describe_machine({"tensorflow": worker.about()}, quick))
        for sweep in sweeps(quick):
            rows += [measure_point(worker, sweep, value, value) for value in sweep.values]
            write_rows(folder / "growth.csv", rows)
        with scratch_folder() as scratch:
            for sweep, folders in reading_sweeps(_thumbnails(scratch, quick)):
                rows += [measure_point(worker, sweep, count, folders[count]) for count in sweep.values]
                write_rows(folder / "growth.csv", rows)
    finally:
        worker.stop()
    return folder


def measure_point(worker: Worker, sweep: Sweep, value: int, argument: object) -> Row:
    """Time and peak memory at one value; a row with the reason where there is none.

    The worker starts anew: peak memory is of a process's whole life, and the number of logical devices
    is set once.
    """
    point = Contender(str(value), "tensorflow", sweep.build, {**sweep.fixed, sweep.argument: argument})
    row = Row(sweep.case, f"{value} {sweep.quantity}", point.side, "images")
    worker.stop()
    try:
        prepared = worker.ask(do="prepare", key=point.name, build=point.build, arguments=point.arguments)
        seconds = [worker.ask(do="time", key=point.name, calls=1)["seconds"] for _ in range(ROUNDS)]
        peak = worker.ask(do="peak")["mebibytes"]
        row = replace(
            row,
            amount=prepared["amount"],
            gflop=prepared["gflop"],
            seconds=tuple(seconds),
            peak_mebibytes=peak,
        )
    except WorkerError as error:
        row = replace(row, message=str(error))
    finally:
        worker.stop()
    told = f"{row.rate:,.4g} images/s, {row.peak_mebibytes:,.0f} MiB" if row.measured else row.message
    print(f"  {row.case}, {row.contender}: {told}", flush=True)
    return row


def _thumbnails(scratch: Path, quick: bool) -> dict[int, str]:
    counts: Sequence[int] = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    for count in counts:
        write_thumbnails(scratch / str(count), count)
    return {count: str(scratch / str(count)) for count in counts}
