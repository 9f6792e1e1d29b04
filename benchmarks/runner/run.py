"""One run of the benchmark: every item, its rows written as soon as it is done."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.processor import has_bfloat16
from benchmarks.plan import ITEMS, Contender, Place
from benchmarks.rows import Row, write_rows
from benchmarks.runner.machine import (
    describe_item,
    describe_machine,
    machine_folder,
    read_machine,
    thread_count,
    write_machine,
)
from benchmarks.runner.photographs import scratch_folder, write_photographs
from benchmarks.runner.turns import FULL, QUICK, blank_rows, measure, measure_memory
from benchmarks.runner.worker import Worker

# By `quick`.
PHOTOGRAPHS = {True: 512, False: 1024}
NO_BFLOAT16 = "this processor does not compute in bfloat16"


def run_benchmark(
    results_dir: Path, pytorch: str, items: Sequence[str] = (), quick: bool = False
) -> tuple[Path, list[str]]:
    """Measures and writes `<results_dir>/<machine kind>/<item>.csv` and `machine.csv`.

    Args:
        results_dir: folder of all machines' results.
        pytorch: Python of an environment with PyTorch; where it has none, rows say so.
        items: names of `ITEMS`; all by default.
        quick: fewer rounds and cases.

    Returns:
        The machine's folder; and a line for each contender of ours that should have run and did not.

    Raises:
        InputError: for an item that there is not, a machine.csv that is none, or files that cannot be
            written.
    """
    unknown = [item for item in items if item not in ITEMS]
    if unknown:
        raise InputError(f"--items: expected some of {', '.join(ITEMS)}; received {', '.join(unknown)}")
    folder = machine_folder(results_dir)
    path, broken = folder / "machine.csv", []
    earlier = read_machine(path)
    workers = {
        "tensorflow": Worker(sys.executable, "benchmarks.tensorflow_side"),
        "pytorch": Worker(pytorch, "benchmarks.pytorch_side"),
    }
    try:
        about = describe_machine({side: worker.about() for side, worker in workers.items()}, quick)
        # Until a whole run is done its items stand beside those of the one before it, so each has a
        # description of its own, as what is measured apart has.
        described = earlier or about
        write_machine(path, described)
        began = time.perf_counter()
        with scratch_folder() as jpegs:
            write_photographs(jpegs, PHOTOGRAPHS[quick])
            place = Place(quick, str(jpegs), thread_count(), has_bfloat16())
            for item in items or ITEMS:
                started, apart = time.perf_counter(), describe_item(about, described)
                measured = list(_measure_item(item, place, workers))
                write_rows(folder / f"{item}.csv", [row for _, row in measured])
                described = {**described, f"apart_{item}": apart}
                write_machine(path, described)
                broken += [_told(item, row) for contender, row in measured if _is_broken(contender, row)]
                print(f"{item}: {time.perf_counter() - started:.0f} s", flush=True)
        if not items:
            minutes = f"{(time.perf_counter() - began) / 60:.1f}"
            write_machine(path, {**about, "minutes": minutes})
    finally:
        for worker in workers.values():
            worker.stop()
    return folder, broken


def _measure_item(item: str, place: Place, workers: dict[str, Worker]) -> Iterator[tuple[Contender, Row]]:
    budget = QUICK if place.quick else FULL
    for comparison in ITEMS[item](place):
        if comparison.is_bfloat16 and not place.has_bfloat16:
            rows = blank_rows(comparison, NO_BFLOAT16)
        elif item == "memory":
            rows = measure_memory(comparison, workers)
        else:
            rows = measure(comparison, workers, budget)
        for row in rows:
            print(f"  {row.case}, {row.contender}: {_value(row)}", flush=True)
        yield from zip(comparison.contenders, rows, strict=True)


def _is_broken(contender: Contender, row: Row) -> bool:
    return contender.is_ours and not row.measured and row.message != NO_BFLOAT16


def _told(item: str, row: Row) -> str:
    return f"{item}, {row.case}, {row.contender}: {_value(row)}"


def _value(row: Row) -> str:
    if not row.measured:
        return f"not measured: {row.message}"
    if row.peak_mebibytes is not None:
        return f"{row.peak_mebibytes:,.0f} MiB"
    return f"{row.rate:,.4g} {row.unit}/s ({len(row.seconds)} rounds)"
