"""Runs two commands with the same output at about the same time."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from alexnet_tf.runtime.errors import InputError
from tests.faults.small_runs import outcome_of, training, write_images
from tests.faults.trials import (
    AS_PROMISED,
    LOST,
    TRACEBACK,
    WRONG,
    Ended,
    Trial,
    command,
    ended,
    in_parallel,
    once,
)
from tests.tables import read_rows

PROMISE = (
    "of two commands with the same output at least one works. The other works too, waits, finds the work "
    "done, or exits with status 2 and says what is in its way. No network, export or row is lost"
)
BEFORE = "two configurations into one `--out`: both end with 0, one network gone"
TRIALS, FEW = 50, 3

# Largest delay of the second start in seconds; the first command takes about ten.
LATEST = 10.0
# An error must name the process that holds the output, or what already exists there.
NAMED = re.compile(r"received a lock of process \d+ on \S+ since |another config|which is not empty")
# A command must notice within this time that another one holds its output: 2 s, doubled for a busy machine.
SECONDS = 4.0


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    places = _Places(folder)

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        kind = str(rng.choice(list(KINDS)))
        delay = float(rng.choice([0.0, rng.uniform(0, 0.5), rng.uniform(0, LATEST)]))
        place = folder / f"place{number}"
        first, second = KINDS[kind](places, place)
        if kind == "while reading":
            when = f"at image {(image := rng.integers(1, 100))}"
            ends = _while_stopped(f"image:{image}", place, first, second)
        else:
            when = f"{delay:.1f} s apart"
            processes = [command(["-m", *first])]
            time.sleep(delay)
            ends = [ended(process) for process in [*processes, command(["-m", *second])]]
        outcome, detail = judged(kind, place, ends)
        return Trial(f"race {number}: {kind}, {when}", seed, outcome, detail)

    # Each trial starts two processes, of which one soon ends.
    return in_parallel(trial, count, jobs=2)


def _while_stopped(plan: str, place: Path, first: list[str], second: list[str]) -> list[Ended]:
    """Runs the second command while the first is stopped in the middle of reading its images.

    If this takes longer than `SECONDS`, the time is appended to the second command's error output.
    """
    process = command(["-m", "tests.faults._killed", plan, f"{place}.log", *first[1:]])
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    started = time.perf_counter()
    end = ended(command(["-m", *second]), timeout=60)
    if (seconds := time.perf_counter() - started) > SECONDS:
        end = Ended(end.status, end.out, f"{end.err.rstrip()} (after {seconds:.1f} s)")
    process.send_signal(signal.SIGCONT)
    return [ended(process), end]


class _Places:
    """Makes the command lines that race, and the images, network and weights that they read."""

    def __init__(self, folder: Path):
        self.images, self._folder = write_images(folder / "images"), folder

    def train(self, out: Path, *more: str | Path, rate: str = "0.01") -> list[str]:
        arguments = training(self.images, out, *more, epochs=1)
        return ["alexnet_tf", *(f"learning_rate={rate}" if "learning_rate" in a else a for a in arguments)]

    def experiment(self, name: str, place: Path) -> list[str]:
        return [
            "experiments", name, "relu", "--dataset", f"folder:{self.images}", "--arms", "relu-modern",
            *(["--seeds", "0"] if name == "run" else []), "--epochs", "1", "--set", "batch_size=8",
            "--results-dir", str(place),
        ]  # fmt: skip

    def export(self, place: Path) -> list[str]:
        return ["alexnet_tf", "export", str(self._trained()), "--out", str(place)]

    def evaluate(self, place: Path, views: int) -> list[str]:
        place.mkdir(exist_ok=True)
        data = ["--checkpoint", str(self._trained()), "--dataset", f"folder:{self.images}"]
        return ["alexnet_tf", "evaluate", *data, "--views", str(views), "--csv", str(place / "scores.csv")]

    def imported(self, place: Path) -> list[str]:
        weights = str(self._weights())
        return ["alexnet_tf", "import-weights", weights, "--model", "one-weird-trick", "--out", str(place)]

    @once
    def _trained(self) -> Path:
        end = ended(command(["-m", *self.train(self._folder / "net")]))
        if end.status:
            raise RuntimeError(f"training that ran alone ended with {end.status}: {end.last_line}")
        return self._folder / "net"

    @once
    def _weights(self) -> Path:
        """A file with weights of torchvision's AlexNet, for two classes; no smaller net can be imported."""
        from alexnet_tf.checkpoints.import_weights import TORCHVISION_NAMES
        from alexnet_tf.config.presets import PRESETS
        from alexnet_tf.models import build_model

        preset = PRESETS["one-weird-trick"]
        model = build_model(preset.model, (preset.side, preset.side, preset.channels), 2)
        layers = [layer for layer in model.layers if layer.name.startswith(("conv", "fc"))]
        arrays = {}
        for name, layer in zip(TORCHVISION_NAMES, layers, strict=True):
            arrays[f"{name}.weight"], arrays[f"{name}.bias"] = (w.T for w in layer.get_weights())
        np.savez(self._folder / "weights.npz", **arrays)
        return self._folder / "weights.npz"


def _both(arguments: list[str]) -> tuple[list[str], list[str]]:
    return arguments, arguments


# For each kind of race, a function of the inputs and the output folder that returns the two commands.
KINDS: dict[str, Callable[[_Places, Path], tuple[list[str], list[str]]]] = {
    "same --out": lambda there, place: _both(there.train(place)),
    "other config": lambda there, place: (there.train(place), there.train(place, rate="0.02")),
    "while reading": lambda there, place: (there.train(place), there.train(place, "--seed", "1")),
    "same rows": lambda there, place: _both(there.experiment("run", place)),
    "same search": lambda there, place: _both(there.experiment("search", place)),
    "same cache": lambda there, place: tuple(
        there.train(place / out, "--set", "storage=stream", "--cache", place / "cache") for out in "ab"
    ),
    "same export": lambda there, place: _both(there.export(place)),
    "same weights": lambda there, place: _both(there.imported(place)),
    "same table": lambda there, place: (there.evaluate(place, 1), there.evaluate(place, 2)),
}
# Kinds of races in which both commands must end with status 0, and kinds in which both may do so.
BOTH_WORK = ("same cache",)
CAN_BOTH_WORK = (*BOTH_WORK, "same --out", "same rows", "same search", "same table")


def judged(kind: str, place: Path, ends: list[Ended]) -> tuple[str, str]:
    statuses = sorted(end.status for end in ends)
    # Process numbers and hosts are removed, because they differ between equal trials.
    lock = r"process \d+ on \S+ since [^;]+"
    lines = [re.sub(lock, "a process", end.last_line) for end in ends if end.status]
    detail = f"{statuses[0]} and {statuses[1]}" + "".join(f"; {line}" for line in lines)
    if any(end.crashed for end in ends):
        return TRACEBACK, detail
    if statuses[0] != 0 or (kind in BOTH_WORK and statuses[1] != 0):
        return LOST, f"a command failed that should have worked: {detail}"
    if statuses == [0, 0] and kind not in CAN_BOTH_WORK:
        return LOST, f"one network is gone: {detail}"
    if any(end.status and not (end.has_one_error and NAMED.search(end.last_line)) for end in ends):
        return WRONG, f"an error for another reason, or of several lines: {detail}"
    if "(after " in detail:
        return LOST, f"not within {SECONDS:g} s: {detail}"
    try:
        fault = _fault(kind, place, ends)
    except (InputError, OSError, StopIteration) as error:
        fault = f"what is left cannot be read: {error}"
    return (LOST, f"{fault}: {detail}") if fault else (AS_PROMISED, detail)


def _fault(kind: str, place: Path, ends: list[Ended]) -> str:
    done = [end for end in ends if end.status == 0]
    is_repeated = len(done) == 2 and not any(re.search("not (trained|run) again", end.out) for end in ends)
    if kind in ("same --out", "same rows") and is_repeated:
        return "all the work was done twice"
    if kind == "same cache":
        is_once = sum("pixels: writing" in end.err for end in ends) == 1
        is_equal = is_once and outcome_of(place / "a") == outcome_of(place / "b")
        return "" if is_equal else "not written exactly once, or unequal nets"
    if kind == "same rows":
        rows = read_rows(next(place.glob("*/ablation-relu/runs.csv")))
        return "" if len(rows) == 1 else "not exactly one row"
    if kind == "same search":
        rows = read_rows(next(place.glob("*/ablation-relu/lr_search.csv")))
        trained = sum(len(re.findall("epoch 1/1", end.err)) for end in ends)
        winners = {row["learning_rate"] for row in rows if row["winner"] == "true"}
        return "" if len(rows) == trained and len(winners) == 1 else f"{len(rows)} rows of {trained} runs"
    if kind == "same table":
        return "" if len(read_rows(place / "scores.csv")) == len(done) else "a row is gone"
    if kind == "same export":
        import tensorflow as tf

        cards = {"class_names.txt", "model_card.md", "data_card.md"}
        is_whole = cards < {*os.listdir(place)} and "pixels" in tf.saved_model.load(str(place)).signatures
        return "" if is_whole else "half an export"
    from alexnet_tf.checkpoints.saved import load_trained

    load_trained(place)
    status = json.loads((place / "model.json").read_text())["status"]
    return "" if status in ("done", "imported") else status
