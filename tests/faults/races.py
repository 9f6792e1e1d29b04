"""Starts two commands with the same output at about the same time."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from alexnet_tf.runtime.errors import InputError
from tests.faults.small_runs import training, write_images
from tests.faults.trials import AS_PROMISED, LOST, TRACEBACK, WRONG, Ended, Trial, command, ended, in_parallel

PROMISE = (
    "of two commands with the same output one works; the other names it and exits with 2, or finds the "
    "work done; no network or row is lost"
)
BEFORE = "two configurations into one `--out`: both end with 0, one network gone"
TRIALS, FEW = 50, 2

# Largest delay of the second start in seconds; the first command takes about ten.
LATEST = 10.0
# The message names the holder, or the existing other network.
NAMED = re.compile(r"received one that does, process \d+ on \S+ since |another config")


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    images = write_images(folder / "images")

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        kind = str(rng.choice(["same --out", "other config", "same rows"]))
        delay = float(rng.choice([0.0, rng.uniform(0, 0.5), rng.uniform(0, LATEST)]))
        name = f"race {number}: {kind}, {delay:.1f} s apart"
        place = folder / f"place{number}"
        processes = []
        for rate in ("0.01", "0.02" if kind == "other config" else "0.01"):
            processes.append(command(_arguments(kind, images, place, rate)))
            time.sleep(delay if len(processes) == 1 else 0)
        ends = [ended(process) for process in processes]
        outcome, detail = judged(kind, place, ends)
        return Trial(name, seed, outcome, detail)

    # Each trial has two processes of its own.
    return in_parallel(trial, count, jobs=1)


def _arguments(kind: str, images: Path, place: Path, rate: str) -> list[str]:
    if kind == "same rows":
        return [
            "-m", "experiments", "run", "relu", "--dataset", f"folder:{images}", "--arms", "relu-modern",
            "--seeds", "0", "--epochs", "1", "--set", "batch_size=8", "--results-dir", str(place),
        ]  # fmt: skip
    arguments = training(images, place, epochs=1)
    return ["-m", "alexnet_tf", *(f"learning_rate={rate}" if "learning_rate" in a else a for a in arguments)]


def judged(kind: str, place: Path, ends: list[Ended]) -> tuple[str, str]:
    """The outcome of a race, from the files and exit statuses of both commands."""
    statuses = sorted(end.status for end in ends)
    # Without the process and the host, which are not results.
    lines = [
        re.sub(r"process \d+ on \S+ since [^;]+", "a process", end.last_line) for end in ends if end.status
    ]
    detail = f"{statuses[0]} and {statuses[1]}" + "".join(f"; {line}" for line in lines)
    if any(end.crashed for end in ends):
        return TRACEBACK, detail
    if statuses[0] != 0:
        return LOST, f"nobody worked: {detail}"
    if statuses == [0, 0] and kind == "other config":
        return LOST, f"one network is gone: {detail}"
    if statuses == [0, 0] and not any("not trained again" in e.out or "not run again" in e.out for e in ends):
        return LOST, f"all the work was done twice: {detail}"
    if any(end.status and not (end.has_one_error and NAMED.search(end.last_line)) for end in ends):
        return WRONG, f"another reason, or more than a line: {detail}"
    if kind == "same rows":
        rows = (next(place.glob("*/ablation-relu")) / "runs.csv").read_text().splitlines()
        return (AS_PROMISED if len(rows) == 2 else LOST), detail
    from alexnet_tf.checkpoints.saved import load_trained

    try:
        load_trained(place)
    except InputError as error:
        return LOST, f"the network cannot be read: {error}"
    about = json.loads((place / "model.json").read_text())
    return (AS_PROMISED if about["status"] == "done" else LOST), detail
