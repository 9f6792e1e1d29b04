"""Kills runs with SIGKILL and repeats their command, until it ends."""

import functools
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.faults.small_runs import outcome_of, training, write_images
from tests.faults.trials import AS_PROMISED, LOST, TRACEBACK, WRONG, Ended, Trial, command, ended, in_parallel
from tests.worker_processes import free_addresses, tf_config

PROMISE = (
    "the same command resumes a run that was killed anywhere to bit-equal numbers, and repeats at most "
    "`--checkpoint-every` steps"
)
BEFORE = "48 of 48 bit-equal, up to an epoch trained twice"
TRIALS, FEW = 100, 2

EVERY, STEPS = 20, 36
# How often a run of three epochs of 36 steps passes each place, at least.
PLACES = {"epoch": 3, "step": 9, "evaluation": 8, "checkpoint": 28, "row": 20, "time": 0}
KINDS = ("memory", "stream", "cache")
# Share of the trials with two workers of one replica each, which pass the place `step` less often.
WORKERS, STEPS_OF_WORKERS = 0.2, 6
# Only the chief passes these.
OF_CHIEF = ("checkpoint", "row")
MOST_STARTS = 6


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    images = write_images(folder / "images")
    reference = _References(images, folder)

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        kind, replicas = str(rng.choice(KINDS)), f"{rng.choice([1, 2])} replicas"
        plans = []
        for _ in range(rng.integers(1, 3)):
            place = str(rng.choice(list(PLACES)))
            when = rng.uniform(0, 4) if place == "time" else rng.integers(1, PLACES[place] + 1)
            plans.append(f"{place}:{when:.3g}")
        replicas, victim = "2 workers" if rng.random() < WORKERS else replicas, int(rng.integers(2))
        if replicas == "2 workers":
            plans = [_earlier(plan) for plan in plans]
        name = f"kill {number}: {kind}, {replicas}, at {' and '.join(plans)}"
        out, log = folder / f"out{number}", folder / f"log{number}"
        killed = 0
        for plan in [*plans, *["none:0"] * MOST_STARTS]:
            dies = 0 if plan.split(":")[0] in OF_CHIEF else victim
            ends = _run(images, out, kind, replicas, plan, log, dies)
            if not any(end.status for end in ends):
                break
            dead = ends.pop(dies if len(ends) > 1 else 0)
            # Where one worker is killed, the other ends in one line, unless it has done all its steps: the
            # chief may die while it writes the last checkpoint.
            wrong = [end for end in ends if end.status not in (0, 2) or end.crashed]
            if dead.status != -9 or plan == "none:0" or wrong:
                end = (wrong or [dead])[0]
                return Trial(name, seed, TRACEBACK if end.crashed else LOST, f"{end.status}: {end.last_line}")
            killed += 1
        if not killed:
            return Trial(name, seed, LOST, "never killed")
        twice = most_twice(log.read_text().split("\n")[:-1])
        measured = f"killed {killed} times, at most {twice} steps twice"
        if outcome_of(out) != reference(kind, replicas):
            return Trial(name, seed, WRONG, f"other numbers; {measured}")
        if twice > EVERY:
            return Trial(name, seed, LOST, measured)
        left = sorted(path.name for path in out.iterdir() if path.name.startswith((".", "state")))
        return Trial(name, seed, LOST if left else AS_PROMISED, f"left {left}" if left else measured)

    return in_parallel(trial, count)


def _earlier(plan: str) -> str:
    place, number = plan.split(":")
    return f"step:{min(int(number), STEPS_OF_WORKERS)}" if place == "step" else plan


def most_twice(lines: list[str]) -> int:
    """The largest number of steps that one start repeated; a line is `epoch step`.

    Example:

    >>> most_twice(["0 0", "0 1", "0 2", "0 1", "0 2", "0 3"])
    2
    """
    steps = [int(epoch) * STEPS + int(step) for epoch, step in map(str.split, lines)]
    falls = [before - now + 1 for before, now in itertools.pairwise(steps) if now <= before]
    return max(falls, default=0)


def _run(
    images: Path, out: Path, kind: str, replicas: str, plan: str, log: Path, dies: int = 0
) -> list[Ended]:
    """Runs the processes, one of which dies at the place of the plan; returns how they ended."""
    count = 2 if replicas == "2 workers" else 1
    more: list[str | Path] = ["--checkpoint-every", str(EVERY)]
    if count == 1:
        more += ["--replicas", replicas[0]]
    if kind != "memory":
        more += ["--set", "storage=stream"]
    if kind == "cache":
        more += ["--cache", out.with_name(f"{out.name}-cache")]
    environment = {"XDG_CACHE_HOME": str(out.with_name(f"{out.name}-xdg"))}
    addresses = free_addresses(count)
    processes = []
    for index in range(count):
        if count > 1:
            environment["TF_CONFIG"] = tf_config(addresses, index)
        # Of two workers, which train the same steps, the chief writes the log.
        words = [plan if count == 1 or index == dies else "none:0", log if index == 0 else f"{log}-1"]
        arguments = ["-m", "tests.faults._killed", *words, *training(images, out, *more)]
        processes.append(command(arguments, **environment))
    return [ended(process) for process in processes]


class _References:
    """The outcome of runs that are not killed, by (kind, replicas); each is run once."""

    def __init__(self, images: Path, folder: Path):
        self._images, self._folder = images, folder
        self._lock = threading.Lock()

    def __call__(self, kind: str, replicas: str) -> str:
        with self._lock:
            return self._whole(kind, replicas)

    @functools.cache  # noqa: B019 (lives as long as its family)
    def _whole(self, kind: str, replicas: str) -> str:
        out = self._folder / f"whole-{kind}-{replicas.replace(' ', '-')}"
        for end in _run(self._images, out, kind, replicas, "none:0", self._folder / "whole.log"):
            if end.status:
                raise RuntimeError(f"a run that is not killed ended with {end.status}: {end.last_line}")
        return outcome_of(out)
