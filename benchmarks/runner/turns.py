import contextlib
import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from benchmarks.plan import Benchmark, Contender
from benchmarks.rows import Row
from benchmarks.runner.lock import LockError, seconds_held
from benchmarks.runner.worker import Worker, WorkerError


@dataclass(frozen=True)
class Budget:
    """Limits on the number and duration of measurements.

    Attributes:
        rounds: maximum number of rounds.
        seconds: total time after which a contender gets no more rounds. With more than two `Benchmark.calls`
            per turn, it is multiplied by `calls / 2`.
        least_rounds: number of rounds before `seconds` applies. A benchmark can declare a smaller number.
        shortest: minimum seconds of a turn; shorter calls are repeated.
    """

    rounds: int
    seconds: float
    least_rounds: int
    shortest: float


QUICK = Budget(rounds=3, seconds=4.0, least_rounds=1, shortest=0.15)
FULL = Budget(rounds=5, seconds=4.0, least_rounds=3, shortest=0.5)
# A contender that takes more than this many times as long as its fastest rival in the first round gets no
# further rounds, because reports compare with the fastest only.
BEHIND = 1.2


def measure(benchmark: Benchmark, workers: Mapping[str, Worker], budget: Budget) -> list[Row]:
    """Prepares all contenders, then times them in turns; every second round is in reverse order.

    The row of a contender that fails has the reason as its `message`.
    """
    rows, calls, warm = {}, {}, set()
    cpu: dict[str, list[float]] = {}
    for contender in benchmark.contenders:
        rows[contender.name], seconds = _prepare(contender, benchmark, workers)
        calls[contender.name] = _calls(benchmark, budget, seconds)
        if math.isfinite(seconds):
            warm.add(contender.name)
    # Turns of several calls take longer, so the limit is raised too, but only by half the number of calls.
    # Such a benchmark gets about half as many rounds as one with a single call per turn.
    seconds = budget.seconds * max(1, benchmark.calls / 2)
    least_rounds = min(budget.least_rounds, benchmark.least_rounds)
    for contender in _turns(benchmark, budget.rounds):
        row = rows[contender.name]
        spent = sum(row.seconds) * calls[contender.name]
        if not row.measured or (len(row.seconds) >= least_rounds and spent >= seconds):
            continue
        if row.seconds and _is_behind(contender, benchmark, rows):
            continue
        try:
            answer = _timed(contender, workers, calls)
            if contender.name in warm and not row.seconds:
                needed = _calls(benchmark, budget, answer["seconds"])
                if needed > 1.2 * calls[contender.name]:
                    # The warm-up call also compiled and took longer, so this first turn has too few calls.
                    calls[contender.name] = needed
                    answer = _timed(contender, workers, calls)
            rows[contender.name] = replace(row, seconds=(*row.seconds, answer["seconds"]))
            cpu.setdefault(contender.name, []).append(answer["cpu_seconds"])
        except WorkerError as error:
            rows[contender.name] = replace(row, message=str(error))
    for contender in benchmark.contenders:
        row = rows[contender.name]
        if row.measured:
            rows[contender.name] = replace(row, cpu_seconds=statistics.median(cpu[contender.name]) or None)
        if row.measured and contender.lock:
            rows[contender.name] = _with_lock(rows[contender.name], contender, workers, calls)
        # Dropping fails if the task was never made or its process has ended.
        with contextlib.suppress(WorkerError):
            workers[contender.worker].ask(do="drop", key=contender.name)
    return list(rows.values())


def _calls(benchmark: Benchmark, budget: Budget, seconds: float) -> int:
    """Number of calls in a turn if one takes `seconds`; `benchmark.calls` if `seconds` is infinite."""
    return max(benchmark.calls, math.ceil(budget.shortest / max(seconds, 1e-6)))


def _is_behind(contender: Contender, benchmark: Benchmark, rows: Mapping[str, Row]) -> bool:
    times = {
        other.name: rows[other.name].seconds[0] / rows[other.name].amount
        for other in benchmark.contenders
        if other.rival
        and other.rival == contender.rival
        # A rival that failed in a later round has seconds too.
        and rows[other.name].measured
        and rows[other.name].seconds
    }
    return bool(times) and times[contender.name] > BEHIND * min(times.values())


def _timed(contender: Contender, workers: Mapping[str, Worker], calls: Mapping[str, int]) -> dict[str, float]:
    return workers[contender.worker].ask(do="time", key=contender.name, calls=calls[contender.name])


def _with_lock(
    row: Row, contender: Contender, workers: Mapping[str, Worker], calls: Mapping[str, int]
) -> Row:
    try:
        pid, spy_python = workers[contender.worker].pid, workers["pytorch"].python
        held = seconds_held(pid, spy_python, lambda: _timed(contender, workers, calls))
    except (LockError, WorkerError) as error:
        return replace(row, note=str(error))
    if not held:
        return replace(row, note="py-spy saw no thread that reads images hold the GIL")
    return replace(row, lock_seconds=held / calls[contender.name])


def measure_alone(benchmark: Benchmark, workers: Mapping[str, Worker], calls: int) -> Iterator[Row]:
    """Measures times and peak memory of each contender in a new process.

    A new process is needed because the system records the peak since the start of a process. The peak is read
    after a warm-up call and the timed calls, hence after at least two training steps: PyTorch's optimizer
    allocates its state only at the end of the first.
    """
    for contender in benchmark.contenders:
        worker = workers[contender.worker]
        worker.stop()
        row, _ = _prepare(contender, benchmark, workers)
        try:
            if row.measured:
                times = [worker.ask(do="time", key=contender.name, calls=1) for _ in range(calls)]
                peak = worker.ask(do="peak")["mebibytes"]
                row = replace(row, seconds=tuple(one["seconds"] for one in times), peak_mebibytes=peak)
        except WorkerError as error:
            row = replace(row, message=str(error))
        finally:
            worker.stop()
        yield row


def blank_row(benchmark: Benchmark, contender: Contender, message: str = "") -> Row:
    unit = contender.unit or benchmark.unit
    return Row(benchmark.case, contender.name, contender.side, unit, message=message)


def _prepare(contender: Contender, benchmark: Benchmark, workers: Mapping[str, Worker]) -> tuple[Row, float]:
    """The contender's row without times, and the seconds of a warm-up call (infinite if there was none)."""
    row = blank_row(benchmark, contender)
    try:
        answer = workers[contender.worker].ask(
            do="prepare", key=contender.name, build=contender.build, arguments=contender.arguments
        )
    except WorkerError as error:
        return replace(row, message=str(error)), math.inf
    prepared = replace(row, amount=answer["amount"], gflop=answer["gflop"], note=answer["note"])
    return prepared, answer["seconds"]


def _turns(benchmark: Benchmark, rounds: int) -> Iterator[Contender]:
    for number in range(rounds):
        yield from benchmark.contenders if number % 2 == 0 else reversed(benchmark.contenders)
