"""The families of fault trials, and what they share: outcomes, and functions that start commands.

A family is a module of this folder that is not in `FRAME` and whose name does not begin with `_`. It defines

    PROMISE = "one sentence: what holds whatever happens"
    BEFORE = "what the same trials gave at first, in November 2026"
    TRIALS = 100        # number of trials in `make faults`
    FEW = 2             # number of trials in the slow tests
    def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]: ...

`trials` writes only below `folder`. It draws trial i from `numpy.random.default_rng((seed, i))`, so that any
single trial can be repeated.
"""

import functools
import importlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
FRAME = ("trials", "results", "small_runs", "odd_files", "forked")

AS_PROMISED = "as promised"
# Something computed or recorded is gone, a command failed that had to work, or a time limit was exceeded.
LOST = "lost"
# A fault went unnoticed, or the numbers, the exit status or the error line are not the promised ones.
WRONG = "wrong answer"
# An unexpected exception, or a process ended by a signal that the trial had not sent.
TRACEBACK = "traceback"
# The start of the error line that a command, or its argument parser, prints before exit status 2.
ERROR = re.compile(r"(error|alexnet[^:]*|experiments[^:]*): ")
OUTCOMES = (AS_PROMISED, LOST, WRONG, TRACEBACK)


@dataclass(frozen=True)
class Trial:
    """The result of one trial.

    Attributes:
        name: what was done, such as `kill 17: cache, 2 replicas, at checkpoint:3`.
        seed: seed of the whole family.
        detail: why the outcome is not the promised one; else what was measured, or empty.
        seconds: wall-clock time; 0 if the family does not measure it.
    """

    name: str
    seed: int
    outcome: str
    detail: str = ""
    seconds: float = 0.0


def families() -> dict[str, ModuleType]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("[!_.]*.py"))
    return {name: importlib.import_module(f"tests.faults.{name}") for name in names if name not in FRAME}


def run_family(family: ModuleType, seed: int, count: int, folder: Path) -> Iterator[Trial]:
    """Yields the trials of a family; an exception in the family's code is recorded as its last trial."""
    done = 0
    try:
        for trial in family.trials(seed, count, folder):
            done += 1
            yield trial
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        yield Trial(f"{family.__name__} after trial {done}", seed, TRACEBACK, detail)


def in_parallel(trial: Callable[[int], Trial], count: int, jobs: int | None = None) -> Iterator[Trial]:
    """Yields trial(0), trial(1), ... in order, with their times; for trials that wait for processes."""

    def timed(number: int) -> Trial:
        started = time.perf_counter()
        result = trial(number)
        return replace(result, seconds=round(time.perf_counter() - started, 1))

    # Runs one more trial at a time than there are processors, because trials also wait for the disk and for
    # each other.
    with ThreadPoolExecutor(jobs or (os.cpu_count() or 1) + 1) as pool:
        yield from pool.map(timed, range(count))


def once(make: Callable) -> Callable:
    """Makes a function run once for the same arguments, even if several threads call it at the same time."""
    lock, cached = threading.Lock(), functools.cache(make)

    @functools.wraps(make)
    def made(*arguments: Any) -> Any:
        with lock:
            return cached(*arguments)

    return made


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (-9 if it was killed by signal 9) and its output."""

    status: int
    out: str
    err: str

    @property
    def crashed(self) -> bool:
        return self.status < 0 or "Traceback (most recent call last)" in self.err

    @property
    def last_line(self) -> str:
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def has_one_error(self) -> bool:
        errors = [line for line in self.err.strip().splitlines() if ERROR.match(line)]
        return errors == [self.last_line]


def command(arguments: Sequence[str | Path], folder: Path = ROOT, **environment: str) -> subprocess.Popen:
    """Starts `python ARGUMENTS` with this repository's code, in `folder`, with piped output."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def ended(process: Any, timeout: float = 900.0) -> Ended:
    """Waits for a command (`Popen` or `Forked`), and kills it after `timeout` seconds (status -9)."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += f"\nno end within {timeout:g} s"
    return Ended(process.returncode, out, err)
