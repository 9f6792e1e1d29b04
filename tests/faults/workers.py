"""Trains with two or four workers on this machine; one of them dies, differs or never connects."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.colored_images import write_colored_tree
from tests.faults.trials import AS_PROMISED, LOST, TRACEBACK, WRONG, Trial, in_parallel
from tests.worker_processes import Ended, start_workers, wait_for, wait_for_end

PROMISE = (
    "if workers differ, die, or do not connect within 60 s, all end within 15 s of each other with one line, "
    "and the same command resumes"
)
BEFORE = "workers with another momentum or image trained on or hung; 3 of 3 waiting runs marked failed"
TRIALS, FEW = 12, 2

COLORS = {"blue": (40, 60, 200), "green": (40, 190, 60), "red": (200, 50, 40)}
# Settings of one worker that differ from the chief's.
SETTINGS = {"momentum": 0.8, "epochs": 7, "weight_decay": 0.001, "bias_rate": 3.0, "crop": 28}
# The last worker must end at most this many seconds after another has died or ended.
SECONDS = 15


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    tree = write_colored_tree(folder / "colors", COLORS, lambda i: (32, 32), noise=40)

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        count = int(rng.choice([2, 4]))
        kind = (_death, _setting, _absence, _resumption, _image, _folder)[number % 6]
        name = f"{kind.__name__[1:]} {number}: {count} workers"
        try:
            outcome, detail = kind(rng, tree, folder / f"{number}", count)
        except AssertionError as error:
            outcome, detail = LOST, str(error)
        return Trial(name, seed, outcome, detail)

    # Two at a time, not one, because some trials only wait for a minute.
    return in_parallel(trial, count, jobs=2)


def _death(rng, tree: Path, folder: Path, count: int) -> tuple[str, str]:
    victim, ended = _killed(rng, [_command(tree, folder / "net", epochs=3000)] * count, folder)
    return _judged(ended, f"worker {victim} (", "has ended", seconds=SECONDS)


def _resumption(rng, tree: Path, folder: Path, count: int) -> tuple[str, str]:
    curves = []
    for out in ("whole", "killed"):
        commands = [_command(tree, folder / out, epochs=6)] * count
        if out == "killed":
            _killed(rng, commands, folder / "first")
        ended = wait_for_end(start_workers(commands, folder / f"logs of {out}"), seconds=900)
        if any(each.status for each in ended):
            return LOST, f"{out}: {[each.status for each in ended]} {ended[0].errors[-1:]}"
        with open(folder / out / "curve.csv", newline="") as file:
            rows = [{**row, "images_per_second": ""} for row in csv.DictReader(file)]
        curves.append(rows)
    return (AS_PROMISED, "") if curves[0] == curves[1] else (WRONG, "the curve is another")


def _setting(rng, tree: Path, folder: Path, count: int) -> tuple[str, str]:
    field, other = list(SETTINGS)[rng.integers(len(SETTINGS))], int(rng.integers(1, count))
    commands = [_command(tree, folder / "net")] * count
    commands[other] = _command(tree, folder / "net", **{field: SETTINGS[field]})
    words = f"{field}: expected", f"received {SETTINGS[field]}"
    return _judged(_run(commands, folder), f"worker {other} (", *words)


def _image(rng, tree: Path, folder: Path, count: int) -> tuple[str, str]:
    """One worker's copy of the images differs in one bit of one pixel."""
    copy, other = folder / "copy" / tree.name, int(rng.integers(1, count))
    shutil.copytree(tree, copy)
    path = sorted(copy.rglob("*.png"))[rng.integers(60)]
    pixels = np.asarray(Image.open(path)).copy()
    pixels[tuple(rng.integers(pixels.shape))] ^= 1
    Image.fromarray(pixels).save(path)
    commands = [_command(copy if i == other else tree, folder / "net") for i in range(count)]
    return _judged(_run(commands, folder), f"worker {other} (", "data fingerprint: expected")


def _folder(rng, tree: Path, folder: Path, count: int) -> tuple[str, str]:
    other = int(rng.integers(1, count))
    commands = [_command(tree, folder / ("other" if i == other else "net")) for i in range(count)]
    return _judged(_run(commands, folder), f"worker {other} (", "--out: expected one folder")


def _absence(rng, tree: Path, folder: Path, count: int) -> tuple[str, str]:
    absent = int(rng.integers(count))
    commands: list[list[str] | None] = [_command(tree, folder / "net")] * count
    commands[absent] = None
    name = f"missing: worker {absent} (" if absent else "expected the chief, worker 0 ("
    return _judged(_run(commands, folder), name, "within 60 s")


def _command(tree: Path, out: Path, **changes: float) -> list[str]:
    settings = {"init": "glorot", "batch_size": 8, "crop": 24, "epochs": 2, **changes}
    flags = ["--model", "cifar-net", *(f"--set={name}={value}" for name, value in settings.items())]
    return ["-m", "alexnet_tf", "train", "--dataset", f"folder:{tree}", "--out", str(out), *flags]


def _run(commands: list[list[str] | None], folder: Path) -> list[Ended]:
    ended = wait_for_end(start_workers(commands, folder / "logs"))
    assert all(np.isfinite(each.seconds) for each in ended), "no end within 300 s"
    return ended


def _killed(rng, commands: list[list[str]], folder: Path) -> tuple[int, list[Ended]]:
    """Kills one worker after epoch 1, 2 or 3; returns its index, and how the others ended."""
    logs, victim, epoch = folder / "logs", int(rng.integers(len(commands))), int(rng.integers(1, 4))
    processes = start_workers(commands, logs)
    try:
        wait_for(logs / "0.err", f"epoch {epoch}/", processes, seconds=900)
    finally:
        processes[victim].kill()
    ended = wait_for_end(processes, seconds=60)
    del ended[victim]
    return victim, ended


def _judged(ended: list[Ended], *words: str, seconds: float = float("inf")) -> tuple[str, str]:
    for each in ended:
        text = "\n".join(each.errors)
        last = each.errors[-1] if each.errors else ""
        if (each.status < 0 and np.isfinite(each.seconds)) or "Traceback" in text:
            return TRACEBACK, f"status {each.status}: {last}"
        if each.status != 2 or not all(word in last for word in words):
            return WRONG, f"status {each.status}: {last}"
        if each.seconds > seconds:
            return LOST, f"an end after {each.seconds:.0f} s"
    latest = max(each.seconds for each in ended)
    if np.isfinite(seconds):
        return AS_PROMISED, f"{latest:.1f} s"
    after = latest - min(each.seconds for each in ended)
    return LOST if after > SECONDS else AS_PROMISED, f"all within {after:.1f} s of the first"
