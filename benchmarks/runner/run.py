import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.processor import has_bfloat16
from alexnet_tf.runtime.suggestion import did_you_mean
from benchmarks.plan import ITEMS, OTHER_ALLOCATOR, PLAN, Benchmark, Conditions
from benchmarks.rows import Row, write_rows
from benchmarks.runner.machine import (
    describe_item,
    describe_machine,
    machine_folder,
    read_machine,
    thread_count,
    write_machine,
)
from benchmarks.runner.photographs import scratch_folder, write_photographs, write_thumbnails
from benchmarks.runner.turns import FULL, QUICK, blank_row, measure, measure_alone
from benchmarks.runner.worker import Worker

PHOTOGRAPHS, QUICK_PHOTOGRAPHS = 1024, 512
THUMBNAILS, QUICK_THUMBNAILS, FEW = 8192, 2048, 256
NO_BFLOAT16 = "this processor does not compute in bfloat16"


def run_benchmark(
    results_dir: Path, pytorch: str, items: Sequence[str] = (), quick: bool = False
) -> tuple[Path, list[str]]:
    """Measures items; writes `<item>.csv` and `machine.csv` to `<results_dir>/<machine kind>/`.

    Args:
        pytorch: Python interpreter with PyTorch; if PyTorch is missing, its rows contain the error.
        items: names from `ITEMS`; default all. If the folder has rows of an earlier plan, all are required,
            and those rows are deleted.

    Returns:
        The machine's folder, and a line for each contender that must run but failed.
    """
    unknown = [item for item in items if item not in ITEMS]
    if unknown:
        raise InputError(
            f"--items: expected some of {', '.join(ITEMS)}; received {', '.join(unknown)}"
            + did_you_mean(unknown[0], ITEMS)
        )
    if set(items) == set(ITEMS):
        items = ()
    full_only = [item for item in items if quick and not any(ITEMS[item](Conditions(quick, "", 1)))]
    if full_only:
        raise InputError(
            f"--items: expected items that --quick measures; received {', '.join(full_only)}; "
            "measure them without --quick"
        )
    folder = machine_folder(results_dir)
    path, failures = folder / "machine.csv", []
    earlier = read_machine(path)
    is_outdated = bool(earlier) and earlier.get("plan") != PLAN
    if is_outdated and items:
        raise InputError(
            "--items: expected a folder without rows of another plan; received rows of an earlier plan "
            f"in {folder}; measure all items, or choose another --results-dir"
        )
    workers = {
        "tensorflow": Worker(sys.executable, "benchmarks.tensorflow_side"),
        "pytorch": Worker(pytorch, "benchmarks.pytorch_side"),
        OTHER_ALLOCATOR: Worker(pytorch, "benchmarks.pytorch_side", other_allocator=True),
    }
    try:
        sides = {side: workers[side].about() for side in ("tensorflow", "pytorch")}
        about = describe_machine(sides, quick) | {"plan": PLAN}
        # The folder may have rows of an earlier run, which machine.csv describes. So each item that this run
        # measures gets a description of its own.
        described = earlier if earlier and not is_outdated else about
        began = time.perf_counter()
        with scratch_folder() as scratch:
            write_photographs(scratch / "photographs", QUICK_PHOTOGRAPHS if quick else PHOTOGRAPHS)
            write_thumbnails(scratch / "thumbnails", QUICK_THUMBNAILS if quick else THUMBNAILS)
            write_thumbnails(scratch / "few", FEW)
            for item in ITEMS if is_outdated else ():
                (folder / f"{item}.csv").unlink(missing_ok=True)
            write_machine(path, described)
            conditions = Conditions(quick, str(scratch), thread_count())
            for item in items or ITEMS:
                started, description = time.perf_counter(), describe_item(about, described)
                rows = []
                for benchmark in ITEMS[item](conditions):
                    must_run = {one.name for one in benchmark.contenders if one.must_run}
                    for row in _measure(benchmark, quick, workers):
                        print(f"  {row}", flush=True)
                        rows.append(row)
                        if row.contender in must_run and not row.measured and row.message != NO_BFLOAT16:
                            failures.append(f"{item}, {row}")
                write_rows(folder / f"{item}.csv", rows)
                described = {**described, f"apart_{item}": description}
                write_machine(path, described)
                print(f"{item}: {time.perf_counter() - started:.0f} s", flush=True)
        if not items:
            minutes = f"{(time.perf_counter() - began) / 60:.1f}"
            write_machine(path, {**about, "minutes": minutes})
    finally:
        for worker in workers.values():
            worker.stop()
    return folder, failures


def _measure(benchmark: Benchmark, quick: bool, workers: Mapping[str, Worker]) -> Iterator[Row]:
    # On a processor that only emulates bfloat16, measurements would take hours (benchmarks/LOG.md).
    if benchmark.case.endswith("bfloat16") and not has_bfloat16():
        return (blank_row(benchmark, contender, NO_BFLOAT16) for contender in benchmark.contenders)
    if benchmark.item == "memory":
        rows = measure_alone(benchmark, workers, calls=1)
        return (replace(row, amount=0.0, gflop=0.0, seconds=()) for row in rows)
    return iter(measure(benchmark, workers, QUICK if quick else FULL))
