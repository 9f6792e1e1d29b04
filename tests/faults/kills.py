"""Kills trainings, and a few exports and evaluations, with SIGKILL, and then repeats the command."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.faults.forked import Forked
from tests.faults.small_runs import outcome_of, training, write_images
from tests.faults.trials import AS_PROMISED, LOST, TRACEBACK, WRONG, Ended, Trial, ended, in_parallel, once
from tests.worker_processes import free_addresses, tf_config

PROMISE = (
    "the same command resumes a run that was killed anywhere to bit-equal numbers, and repeats at most "
    "`--checkpoint-every` steps; exports and tables of scores are complete or as before"
)
BEFORE = "48 of 48 bit-equal, up to an epoch trained twice"
TRIALS, FEW = 110, 3
# One trial in `OTHERS` kills a command other than `train`.
OTHERS = 11

EVERY, STEPS = 20, 36
# The places where `tests.faults._killed` kills a run. A run of three epochs of 36 steps passes each place at
# least this many times. `time` is no place: it kills the run after a number of seconds.
PLACES = {"epoch": 3, "step": 9, "evaluation": 8, "checkpoint": 28, "row": 20, "time": 0}
KINDS = ("memory", "stream", "cache")
# WORKERS is the share of trials with two workers of one replica each. BOTH is the share of these trials in
# which both workers are killed at once, as by a power failure.
WORKERS, BOTH = 0.2, 0.4
# Two workers pass the place `step` at least this many times.
STEPS_OF_WORKERS = 6
# Only the chief passes these places.
OF_CHIEF = ("checkpoint", "row")
MOST_STARTS = 6
KILLED = -9
# Each command passes the place `file` at least this many times.
FILES = {"export": 8, "evaluate": 2}
# An `export` is killed at most this many seconds after it first passes the place `file`.
SECONDS = 2.0


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    images = write_images(folder / "images")

    @once
    def whole_run(kind: str, replicas: str) -> Path:
        out = folder / f"whole-{kind}-{replicas.replace(' ', '-')}"
        for end in _run(images, out, kind, replicas, "none:0", folder / "whole.log"):
            if end.status:
                raise RuntimeError(f"a run that is not killed ended with {end.status}: {end.last_line}")
        return out

    others = _Others(images, folder, whole_run)

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        if number % OTHERS == 1:
            return others(number, seed, rng)
        kind, replicas = str(rng.choice(KINDS)), f"{rng.choice([1, 2])} replicas"
        plans = []
        for _ in range(rng.integers(1, 3)):
            place = str(rng.choice(list(PLACES)))
            when = rng.uniform(0, 4) if place == "time" else rng.integers(1, PLACES[place] + 1)
            plans.append(f"{place}:{when:.3g}")
        replicas, victim = "2 workers" if rng.random() < WORKERS else replicas, int(rng.integers(2))
        is_both = replicas == "2 workers" and rng.random() < BOTH
        if replicas == "2 workers":
            plans = [_earlier(plan) for plan in plans]
        who = f"{'both ' * is_both}{replicas}"
        name = f"kill {number}: {kind}, {who}, at {' and '.join(plans)}"
        out, log = folder / f"out{number}", folder / f"log{number}"
        killed = 0
        for plan in [*plans, *["none:0"] * MOST_STARTS]:
            dies = 0 if plan.split(":")[0] in OF_CHIEF else victim
            ends = _run(images, out, kind, replicas, plan, log, dies, is_both)
            if not any(end.status for end in ends):
                break
            dead = ends.pop(dies if len(ends) > 1 else 0)
            # If one worker is killed, the other ends with status 2 and one line, or with status 0 if it has
            # done all its steps (the chief may be killed while it writes the last checkpoint).
            ends = [end for end in ends if not (is_both and end.status == KILLED)]
            wrong = [end for end in ends if end.status not in (0, 2) or end.crashed]
            if dead.status != KILLED or plan == "none:0" or wrong:
                end = (wrong or [dead])[0]
                return Trial(name, seed, TRACEBACK if end.crashed else LOST, f"{end.status}: {end.last_line}")
            killed += 1
        if not killed:
            return Trial(name, seed, LOST, "never killed")
        twice = most_twice(log.read_text().split("\n")[:-1])
        measured = f"killed {killed} times, at most {twice} steps twice"
        if outcome_of(out) != outcome_of(whole_run(kind, replicas)):
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
    """The largest number of steps that one start of the command repeated; each line is `epoch step`.

    >>> most_twice(["0 0", "0 1", "0 2", "0 1", "0 2", "0 3"])
    2
    """
    steps = [int(epoch) * STEPS + int(step) for epoch, step in map(str.split, lines)]
    falls = [before - now + 1 for before, now in itertools.pairwise(steps) if now <= before]
    return max(falls, default=0)


def _run(
    images: Path,
    out: Path,
    kind: str,
    replicas: str,
    plan: str,
    log: Path,
    dies: int = 0,
    is_both: bool = False,
) -> list[Ended]:
    """Runs one process or two workers, and returns how they ended.

    Worker `dies` gets `plan`; if `is_both`, the other worker is killed when it dies.
    """
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
        # Two workers train the same steps, so only the log of the chief is used.
        words = plan if count == 1 or index == dies else "none:0", str(log) if index == 0 else f"{log}-1"
        processes.append(Forked(*words, training(images, out, *more), environment))
    dies = min(dies, count - 1)
    dead = ended(processes[dies])
    if is_both and dead.status == KILLED:
        for process in processes:
            process.kill()
    return [dead if i == dies else ended(process) for i, process in enumerate(processes)]


class _Others:
    """Kills commands that write only at their end: the output must be complete or as it was before."""

    def __init__(self, images: Path, folder: Path, whole_run: Callable[[str, str], Path]):
        self._images, self._folder, self._whole_run = images, folder, whole_run

    def __call__(self, number: int, seed: int, rng: np.random.Generator) -> Trial:
        kind = str(rng.choice(list(FILES)))
        plan = f"file:{rng.integers(1, FILES[kind] + 1)}"
        if kind == "export" and rng.integers(2):
            plan = f"time:{rng.uniform(0, SECONDS):.2f}"
        before, after = self._whole(kind)
        out = self._folder / f"other{number}" / after.name
        out.parent.mkdir()
        if before:
            shutil.copy(before, out)
        arguments = self._arguments(kind, out)
        log = f"{self._folder}/log-other{number}"
        end = ended(Forked(plan, log, arguments))
        found = _content(out)
        again = ended(Forked("none:0", log, arguments))
        was = "whole" if found == _content(after) else "as before"
        # `export` refuses to overwrite a complete export.
        expected = 2 if kind == "export" and was == "whole" else 0
        left = [path.name for path in out.parent.glob(".*.tmp") if kind == "export"]
        detail = f"{end.status} and {again.status}, {was}; {again.last_line if again.status else ''}"
        outcome = AS_PROMISED
        if again.crashed or (end.crashed and end.status != KILLED):
            outcome = TRACEBACK
        elif found not in (before and _content(before), _content(after)):
            outcome, detail = WRONG, f"neither whole nor as before: {found!r}"
        elif end.status not in (KILLED, 0) or (end.status == 0 and "file" in plan) or left:
            outcome, detail = LOST, f"{end.status}: {end.last_line}; left {left}"
        elif again.status != expected or _content(out) != _content(after):
            outcome = LOST
        return Trial(f"kill {number}: {kind} at {plan}", seed, outcome, detail.rstrip("; "))

    def _arguments(self, kind: str, out: Path, views: int = 2) -> list[str]:
        net = str(self._whole_run("memory", "1 replicas"))
        if kind == "export":
            return ["export", net, "--out", str(out)]
        data = ["--checkpoint", net, "--dataset", f"folder:{self._images}", "--views", str(views)]
        return ["evaluate", *data, "--csv", str(out)]

    @once
    def _whole(self, kind: str) -> tuple[Path | None, Path]:
        """Paths of the output before the command (None for `export`) and after it, if it is not killed."""
        out = self._folder / f"whole-{kind}"
        commands, before = [self._arguments(kind, out)], None
        if kind == "evaluate":
            before = out.with_suffix(".before")
            commands = [self._arguments(kind, before, views=1), *commands]
        for arguments in commands:
            if before and before.exists():
                shutil.copy(before, out)
            end = ended(Forked("none:0", f"{out}.log", arguments))
            if end.status:
                raise RuntimeError(f"{arguments[0]} that is not killed ended with {end.status}: {end.err}")
        return before, out


def _content(path: Path) -> object:
    """A file's bytes (None without a file), or the sizes of a folder's files by name.

    The sizes of .pb files vary, so True stands for them.
    """
    if not path.is_dir():
        return path.read_bytes() if path.exists() else None
    files = path.rglob("*")
    return {file.relative_to(path).as_posix(): file.suffix == ".pb" or file.stat().st_size for file in files}
