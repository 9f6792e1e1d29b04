"""Runs commands on damaged or hostile tables, JSON, configurations, folders, images, TFDS sets and weights.

All commands run in this process, one after the other. A case takes only a fraction of a second, because
TensorFlow is imported once.
"""

import contextlib
import csv
import dataclasses
import io
import os
import shutil
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np

from alexnet_tf.__main__ import main as alexnet
from alexnet_tf.checkpoints.import_weights import read_arrays
from alexnet_tf.checkpoints.saved import load_trained
from alexnet_tf.config.fields import Config
from alexnet_tf.config.presets import PRESETS
from alexnet_tf.runtime.errors import InputError
from experiments.__main__ import main as experiments
from tests.colored_images import write_colored_tree
from tests.commands.test_import_weights import FIXTURES, NARROW
from tests.data.sources.tfds_sets import write_set
from tests.faults import odd_files
from tests.faults.trials import AS_PROMISED, LOST, ROOT, TRACEBACK, WRONG, Ended, Trial

PROMISE = (
    "odd tables, JSON, configurations, folders, images, TFDS sets and weights are answered in a line, with "
    "status 0, 1 or 2"
)
BEFORE = "tracebacks for odd input of every kind; named pipes blocked commands for ever"
TRIALS, FEW = 500, 10

RECORDED = ROOT / "results" / "cifar10" / "ablation-weight-decay"
LONGEST_SECONDS = 60
PETS = {"cat": (40, 60, 200), "dog": (200, 50, 40)}
NAMES = (
    "cat", "dog", "train", "Train", "val", "Valid", "test", "TEST", "training_set", ".hidden",
    "caf\u00e9", "cafe\u0301", "=1+1", "-rf", "a b", "猫", "x" * 200, "b\nc", "b\udcff",
    "$x^$", "%s", "'", "con", "n01440764",
)  # fmt: skip
VALUES = (
    "", "0", "-1", "1", "2", "7", "1e-3", "1e999", "nan", "true", "x", "=", "1,2", "9" * 30, "stream", "猫",
    "\0",
)  # fmt: skip


class TooLongError(BaseException):
    """A command exceeded its time limit."""


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    # Scans of folders are cached below `folder`.
    with patch.dict(os.environ, XDG_CACHE_HOME=str(folder)):
        kinds = (_table, _json, _config, _tree, _image, _tfds, _weights)
        write_colored_tree(folder / "pets", PETS, lambda i: (36, 36), noise=60, count=10)
        write_set(folder, "odd_pets", {"train": 20, "test": 10}, shape=(36, 36, 3))
        arguments = ["--epochs", "1", "--set", "batch_size=4", "--out", str(folder / "net")]
        arguments = ["train", "--model", "cifar-net", "--dataset", f"folder:{folder / 'pets'}", *arguments]
        _, detail = _run(alexnet, arguments, folder, 20 * LONGEST_SECONDS)
        if not (folder / "net" / "model.json").exists():
            raise RuntimeError(f"no network to predict with: {detail}")
        for number in range(count):
            rng = np.random.default_rng((seed, number))
            case = folder / f"{number}"
            case.mkdir()
            kind = kinds[number % len(kinds)]
            main, arguments, what, *checks = kind(rng, folder, case)
            started = time.perf_counter()
            outcome, detail = _run(main, arguments, case)
            for check in checks:
                if fault := outcome == AS_PROMISED and check():
                    outcome, detail = WRONG, f"{fault}; {detail}"
            seconds = round(time.perf_counter() - started, 2)
            yield Trial(f"{kind.__name__[1:]} {number}: {what}", seed, outcome, detail, seconds)
            shutil.rmtree(case)


def _run(main: Callable, arguments: list[str], folder: Path, most: int = LONGEST_SECONDS) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()

    def stop(number, frame):
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(most)
    # C++ code that waits for a named pipe blocks the alarm; opening the pipe for writing ends the wait.
    release = threading.Timer(
        most + 1, lambda: [os.close(os.open(p, os.O_RDWR)) for p in folder.rglob("*") if p.is_fifo()]
    )
    release.start()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            status = main(arguments)
    except SystemExit as exit:
        status = exit.code
    except TooLongError:
        return LOST, f"no end within {most} s"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return TRACEBACK, f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
    finally:
        release.cancel()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    lines = err.getvalue().strip().splitlines()
    if "Traceback (most recent call last)" in err.getvalue():
        return TRACEBACK, lines[-1]
    if status not in (0, 1, 2):
        return WRONG, f"status {status}"
    shown = out.getvalue().strip()
    # `compare` also ends with 2 after it has listed on standard output what cannot be compared.
    is_listed = arguments[0] == "compare" and shown
    if status == 2 and not (is_listed or Ended(2, shown, err.getvalue()).has_one_error):
        return WRONG, f"status 2 without one line that says why: {lines[-3:]!r}"
    if status == 2 and not all(line.isprintable() for line in lines):
        return WRONG, f"control characters in {lines!r}"
    return AS_PROMISED, f"status {status}: {lines[-1]}" if lines else f"status {status}"


def _table(rng: np.random.Generator, folder: Path, case: Path):
    copy = _copied_rows(case)
    what = odd_files.put(rng, copy / str(rng.choice(["runs.csv", "curves.csv", "lr_search.csv"])))
    if rng.integers(2):
        return experiments, ["compare", str(copy), str(RECORDED)], what
    return experiments, ["tables", "--results-dir", str(case)], f"tables, {what}"


def _json(rng: np.random.Generator, folder: Path, case: Path):
    change = odd_files.put_value if rng.integers(3) else odd_files.put
    if rng.integers(2):
        copy = _copied_rows(case)
        what = change(rng, sorted((copy / "records").iterdir())[0])
        return experiments, ["compare", str(copy), str(RECORDED)], what
    return _changed_net(folder, case, lambda net: change(rng, net / "model.json"))


def _copied_rows(case: Path) -> Path:
    copy = case / "cifar10" / RECORDED.name
    return shutil.copytree(RECORDED, copy, ignore=shutil.ignore_patterns("*.png", "*.svg"))


def _changed_net(folder: Path, case: Path, change: Callable[[Path], str]):
    # The checksums are left out, because they would reveal every change.
    net = shutil.copytree(folder / "net", case / "net", ignore=shutil.ignore_patterns("SHA256SUMS"))
    what = change(net)
    picture = next((folder / "pets" / "cat").iterdir())
    return alexnet, ["predict", "--checkpoint", str(net), str(picture)], what


def _config(rng: np.random.Generator, folder: Path, case: Path):
    values = Config().to_dict()
    known = {**values["data"], **values["model"], **values["train"]}
    settings = []
    for _ in range(rng.integers(1, 4)):
        name = str(rng.choice([*known, "colour", "", "seed"]))
        # Most values have the field's type, to pass the check of types.
        choice = _near(known[name]) if name in known and rng.integers(4) else VALUES
        settings.append(f"{name}={choice[rng.integers(len(choice))]}")
    flags = [part for setting in settings for part in ("--set", setting)]
    if rng.integers(2):
        # The data set does not exist, so even a valid configuration starts no training.
        source = ["--dataset", f"folder:{case / 'absent'}", "--results-dir", str(case)]
        return experiments, ["run", "relu", *source, *flags], "run, " + " ".join(settings)
    source = ["--dataset", f"folder:{folder / 'pets'}", "--out", str(case / "out")]
    return alexnet, ["data", *source, *flags], "data, " + " ".join(settings)


def _near(value: object) -> tuple[object, ...]:
    """Values of the same type as `value`, the default of a field; some are outside the field's range."""
    if isinstance(value, bool):
        return "true", "false"
    if isinstance(value, int):
        return 0, 1, 2, value, value + 1, 2 * value, 10**6, 2**63
    if isinstance(value, float):
        return 0.0, value, value / 3, 2 * value + 0.1, 1.0, -value, 1e30
    return ",".join(map(str, value)) if isinstance(value, tuple) else value, "none", ""


def _tree(rng: np.random.Generator, folder: Path, case: Path):
    root = case / "tree"
    places = [root]
    for _ in range(rng.integers(2, 12)):
        place = places[rng.integers(len(places))] / str(rng.choice(NAMES))
        with contextlib.suppress(OSError):
            place.mkdir(parents=True)
            places.append(place)
    for place in places[1:]:
        for i in range(rng.integers(0, 5)):
            odd_files.save_picture(rng, place / f"{i}{rng.choice(['.png', '.jpg', ''])}")
        if not rng.integers(3):
            what = str(rng.choice(["pipe", "socket", "folder", "loop", "dead link", "device", "empty"]))
            with contextlib.suppress(OSError):
                odd_files.make_odd(place / str(rng.choice(NAMES)), what)
    options = ["--set", f"image_size={rng.integers(4, 40)}", "--out", str(case / "out")]
    shown = ", ".join(ascii(os.fspath(place.relative_to(root)))[1:40].strip("'") for place in places[1:5])
    return alexnet, ["data", "--model", "cifar-net", "--dataset", f"folder:{root}", *options], shown


def _image(rng: np.random.Generator, folder: Path, case: Path):
    files, names = [], []
    for i in range(8):
        path = case / f"{i}{ascii(rng.choice(NAMES))[1:9]}.png".replace("/", "")
        names.append(odd_files.save_picture(rng, path) + " " + odd_files.put(rng, path).split(": ")[1])
        files.append(str(path))
    return alexnet, ["predict", "--checkpoint", str(folder / "net"), *files], "; ".join(names)[:200]


def _tfds(rng: np.random.Generator, folder: Path, case: Path):
    copy = case / "odd_pets"
    shutil.copytree(folder / copy.name, copy)
    what = "; ".join(odd_files.put_among(rng, copy) for _ in range(rng.integers(1, 3)))
    source = ["--dataset", copy.name, "--data-dir", str(case), "--no-download"]
    if rng.integers(2):
        return alexnet, ["evaluate", "--checkpoint", str(folder / "net"), *source], f"evaluate, {what}"

    def all_counted() -> str:
        path = case / "out" / "statistics.csv"
        if "json" in what or not path.exists():
            return ""
        with open(path, encoding="utf-8", newline="") as file:
            counts = {row["statistic"]: row["value"] for row in csv.DictReader(file)}
        count = sum(int(counts[name]) for name in ("training_images", "report_images", "unusable_files"))
        return "" if count == 30 else f"{count} images of 30"

    return alexnet, ["data", "--model", "cifar-net", *source, "--out", str(case / "out")], what, all_counted


def _weights(rng: np.random.Generator, folder: Path, case: Path):
    if not rng.integers(3):
        file = str(rng.choice(["model.keras", "preprocessing.npz"]))
        return _changed_net(folder, case, lambda net: odd_files.put(rng, net / file))
    name = str(rng.choice(list(NARROW)))
    stored = read_arrays(FIXTURES / f"pytorch_{'caffe' if 'caffe' in name else 'torchvision'}.npz")
    arrays = {key: array for key, array in stored.items() if "." in key}
    what = [odd_files.change_array(rng, arrays) for _ in range(rng.integers(3))]
    path = case / "weights"
    what.append(odd_files.save_arrays(rng, path, arrays))
    if not rng.integers(3):
        what.append(odd_files.put(rng, path))
    model, side = NARROW[name]
    data = dataclasses.replace(PRESETS[name].data, image_size=side, crop=side)
    preset = dataclasses.replace(PRESETS[name], model=model, data=data)

    def narrow(arguments: list[str]) -> int:
        # The net in full width has 60 million parameters.
        with patch.dict(PRESETS, {name: preset}):
            return alexnet(arguments)

    def can_be_loaded() -> str:
        try:
            if (case / "out").exists():
                load_trained(case / "out")
            return ""
        except InputError as error:
            return f"a network that cannot be loaded: {error}"

    arguments = ["import-weights", str(path), "--model", name, "--out", str(case / "out")]
    return narrow, arguments, ", ".join(what), can_be_loaded
