"""Measuring contenders in turns."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from benchmarks.plan import Comparison, Contender
from benchmarks.rows import Row
from benchmarks.runner.worker import Worker, WorkerError


@dataclass(frozen=True)
class Budget:
    """How much is measured.

    Attributes:
        rounds: at most this many for each comparison.
        seconds: a contender drops out of further rounds after this long.
        least_rounds: but not before it has had so many.
        shortest: a contender whose call is shorter repeats it until this long, in seconds.
    """

    rounds: int
    seconds: float
    least_rounds: int
    shortest: float


QUICK = Budget(rounds=3, seconds=4.0, least_rounds=1, shortest=0.15)
FULL = Budget(rounds=7, seconds=6.0, least_rounds=3, shortest=0.5)


def measure(comparison: Comparison, workers: Mapping[str, Worker], budget: Budget) -> list[Row]:
    """Prepares all contenders, then lets them take turns, every other round in reverse.

    A contender that fails has a row that says why; the others go on.
    """
    rows = {row.contender: row for row in blank_rows(comparison)}
    calls = {}
    for contender in comparison.contenders:
        try:
            answer = workers[contender.side].ask(
                do="prepare", key=contender.name, build=contender.build, arguments=contender.arguments
            )
        except WorkerError as error:
            rows[contender.name] = replace(rows[contender.name], message=str(error))
            continue
        needed = math.ceil(budget.shortest / max(answer["seconds"], 1e-6))
        calls[contender.name] = max(comparison.calls, needed)
        rows[contender.name] = replace(rows[contender.name], amount=answer["amount"], gflop=answer["gflop"])
    # Long turns are given more time, but fewer rounds than short ones.
    seconds = budget.seconds * max(1, comparison.calls / 2)
    least_rounds = min(budget.least_rounds, comparison.least_rounds)
    for contender in _turns(comparison, budget):
        row = rows[contender.name]
        spent = sum(row.seconds) * calls.get(contender.name, 0)
        if not row.measured or (len(row.seconds) >= least_rounds and spent >= seconds):
            continue
        try:
            answer = workers[contender.side].ask(do="time", key=contender.name, calls=calls[contender.name])
            rows[contender.name] = replace(row, seconds=(*row.seconds, answer["seconds"]))
        except WorkerError as error:
            rows[contender.name] = replace(row, message=str(error))
    for contender in comparison.contenders:
        _drop(workers[contender.side], contender.name)
    return list(rows.values())


def blank_rows(comparison: Comparison, message: str = "") -> list[Row]:
    """A comparison's rows without values: yet to be measured, or not at all, for the reason in `message`."""
    return [
        Row(
            comparison.case,
            contender.name,
            contender.side,
            contender.unit or comparison.unit,
            message=message,
        )
        for contender in comparison.contenders
    ]


def measure_memory(comparison: Comparison, workers: Mapping[str, Worker]) -> list[Row]:
    """Runs each contender in a worker of its own and asks for the most memory that it held."""
    rows = []
    for contender in comparison.contenders:
        row = Row(comparison.case, contender.name, contender.side, comparison.unit)
        # A peak is of a process's whole life, so it needs a new one, and leaves none to the next.
        workers[contender.side].stop()
        try:
            workers[contender.side].ask(
                do="prepare", key=contender.name, build=contender.build, arguments=contender.arguments
            )
            # The first step ends with what the optimizer keeps from then on; the peak is of a later one.
            workers[contender.side].ask(do="time", key=contender.name, calls=1)
            peak = workers[contender.side].ask(do="peak")["mebibytes"]
            rows.append(replace(row, peak_mebibytes=peak))
        except WorkerError as error:
            rows.append(replace(row, message=str(error)))
        finally:
            workers[contender.side].stop()
    return rows


def _turns(comparison: Comparison, budget: Budget) -> Iterator[Contender]:
    for number in range(budget.rounds):
        yield from comparison.contenders if number % 2 == 0 else reversed(comparison.contenders)


def _drop(worker: Worker, key: str) -> None:
    try:
        worker.ask(do="drop", key=key)
    except WorkerError:
        # It never came to be, or died with its process.
        return
