"""Measures contenders in turns, or each contender in its own process."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from benchmarks.plan import Benchmark, Contender
from benchmarks.rows import Row
from benchmarks.runner.worker import Worker, WorkerError


@dataclass(frozen=True)
class Budget:
    """Limits on the number and duration of measurements.

    Attributes:
        rounds: maximum number of rounds of a benchmark.
        seconds: a contender that has been timed for this long gets no more rounds.
        least_rounds: minimum number of rounds, whatever `seconds` is.
        shortest: minimum duration of a turn in seconds; shorter calls are repeated.
    """

    rounds: int
    seconds: float
    least_rounds: int
    shortest: float


QUICK = Budget(rounds=3, seconds=4.0, least_rounds=1, shortest=0.15)
FULL = Budget(rounds=7, seconds=6.0, least_rounds=3, shortest=0.5)


def measure(benchmark: Benchmark, workers: Mapping[str, Worker], budget: Budget) -> list[Row]:
    """Prepares all contenders, then times them in turns, every other round in reverse order.

    If a contender fails, its row holds the reason, and the others continue.
    """
    rows, calls = {}, {}
    for contender in benchmark.contenders:
        rows[contender.name], seconds = _prepare(contender, benchmark, workers)
        calls[contender.name] = max(benchmark.calls, math.ceil(budget.shortest / max(seconds, 1e-6)))
    # Turns with several calls take longer, so they get more time, but still fewer rounds.
    seconds = budget.seconds * max(1, benchmark.calls / 2)
    least_rounds = min(budget.least_rounds, benchmark.least_rounds)
    for contender in _turns(benchmark, budget.rounds):
        row = rows[contender.name]
        spent = sum(row.seconds) * calls[contender.name]
        if not row.measured or (len(row.seconds) >= least_rounds and spent >= seconds):
            continue
        try:
            answer = workers[contender.side].ask(do="time", key=contender.name, calls=calls[contender.name])
            rows[contender.name] = replace(row, seconds=(*row.seconds, answer["seconds"]))
        except WorkerError as error:
            rows[contender.name] = replace(row, message=str(error))
    for contender in benchmark.contenders:
        # Dropping fails if the task was never made or its process has ended.
        with contextlib.suppress(WorkerError):
            workers[contender.side].ask(do="drop", key=contender.name)
    return list(rows.values())


def measure_alone(benchmark: Benchmark, workers: Mapping[str, Worker], calls: int) -> Iterator[Row]:
    """Measures each contender in its own process: the duration of each call, and peak memory.

    The peak is that of the process since its start, so the worker is restarted for each contender. In
    training it is reached after the first step, at the end of which the optimizer allocates its state.
    """
    for contender in benchmark.contenders:
        worker = workers[contender.side]
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
    """A contender's row without values; `message` is the reason if it is not going to be measured."""
    unit = contender.unit or benchmark.unit
    return Row(benchmark.case, contender.name, contender.side, unit, message=message)


def _prepare(contender: Contender, benchmark: Benchmark, workers: Mapping[str, Worker]) -> tuple[Row, float]:
    """Prepares a contender; returns its row, still without times, and the duration of a call in seconds."""
    row = blank_row(benchmark, contender)
    try:
        answer = workers[contender.side].ask(
            do="prepare", key=contender.name, build=contender.build, arguments=contender.arguments
        )
    except WorkerError as error:
        return replace(row, message=str(error)), math.inf
    return replace(row, amount=answer["amount"], gflop=answer["gflop"]), answer["seconds"]


def _turns(benchmark: Benchmark, rounds: int) -> Iterator[Contender]:
    for number in range(rounds):
        yield from benchmark.contenders if number % 2 == 0 else reversed(benchmark.contenders)
