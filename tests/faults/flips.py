"""Flips a bit of a file that a run reads: checkpoints, networks, weights, pixel caches, TFRecords, images.

A flip is noticed if the file is refused with a one-line error, or if the damaged image is quarantined and all
other images are unchanged. A flip is harmless if the values read are bit-equal to the values written: it may
have hit a time stamp in a zip file. Each file is restored after its trial.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import tensorflow as tf
from PIL import Image

from alexnet_tf.checkpoints.resume import checkpoint_hash, restore_checkpoint
from alexnet_tf.checkpoints.saved import load_trained, save_trained
from alexnet_tf.data.load import DataAccess, load_image_set
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.callbacks import KeptWeights
from alexnet_tf.training.network import compile_model
from alexnet_tf.training.train import train
from tests.data.sources.tfds_sets import write_set
from tests.data.streaming.cached_tree import stream, write_tree
from tests.faults.trials import AS_PROMISED, TRACEBACK, WRONG, Trial
from tests.tiny import TINY_CONFIG, tiny_image_set

PROMISE = "every flipped bit of a file that is read back is noticed, unless the values read are the same"
BEFORE = "497 of 500 in records and 288 of 300 in kept weights unnoticed"
TRIALS, FEW = 1000, 24

CONFIG = TINY_CONFIG.replace(epochs=1, holdout=True)
# A function that reads files; it returns the reasons why something was not read, and the arrays by name.
Read = Callable[[], tuple[list[str], dict[str, np.ndarray]]]


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    # Cached scans, and the empty temporary folders that TFDS leaves, go below `folder`.
    with patch.dict(os.environ, XDG_CACHE_HOME=str(folder)), patch.object(tempfile, "tempdir", str(folder)):
        kinds = {**_networks(folder), **_images(folder)}
        expected = {kind: read() for kind, (_, read) in kinds.items()}
        for number in range(count):
            kind = list(kinds)[number % len(kinds)]
            rng = np.random.default_rng((seed, number))
            files, read = kinds[kind]
            path = files[rng.integers(len(files))]
            place, bit = int(rng.integers(path.stat().st_size)), int(rng.integers(8))
            outcome, detail = _flipped(path, place, bit, read, expected[kind])
            yield Trial(f"{kind} {number}: {path.name}, byte {place}, bit {bit}", seed, outcome, detail)


def _flipped(path: Path, place: int, bit: int, read: Read, expected: Any) -> tuple[str, str]:
    content = path.read_bytes()
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    path.write_bytes(changed)
    try:
        quarantined, arrays = read()
    except InputError as error:
        is_one_line = "\n" not in str(error)
        return (AS_PROMISED, "refused") if is_one_line else (TRACEBACK, f"several lines: {error}")
    except Exception as error:
        return TRACEBACK, f"{type(error).__name__}: {error}"
    finally:
        path.write_bytes(content)
    is_equal = arrays.keys() <= expected[1].keys() and all(
        array.tobytes() == expected[1][name].tobytes() for name, array in arrays.items()
    )
    lost, noticed = len(expected[1]) - len(arrays), len(quarantined) - len(expected[0])
    if not is_equal or lost != noticed:
        return WRONG, "other values were read"
    return AS_PROMISED, "quarantined" if noticed else "the same was read"


def _networks(folder: Path) -> dict[str, tuple[list[Path], Read]]:
    """For each kind of file: the paths, one of which is damaged, and a function that reads them."""
    data = DataPipelines(tiny_image_set(), CONFIG.data)
    strategy = tf.distribute.get_strategy()
    checkpoint, out = folder / "state.npz", folder / "net"
    model = compile_model(CONFIG, data, strategy)
    kept = KeptWeights(out, CONFIG.train, epochs=True, best=True)
    train(CONFIG, data, strategy, checkpoint, [kept], model=model)
    # Older checkpoints are deleted, because they would be used instead of the damaged one.
    for older in folder.glob("state.npz.*"):
        older.unlink()
    save_trained(out, model, CONFIG, data, {"status": "done"})
    config_hash = CONFIG.hash(data.image_set.fingerprint)
    net = Path(shutil.copy(checkpoint, folder / "net.npz"))

    def restored(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
        history = restore_checkpoint(path, model, config_hash)
        if history is None:
            return ["of another run"], {}
        variables = [*model.variables, *model.optimizer.variables]
        arrays = {str(i): variable.value.numpy() for i, variable in enumerate(variables)}
        return [], {**arrays, "history": np.array(repr(history))}

    def found() -> tuple[list[str], dict[str, np.ndarray]]:
        if checkpoint_hash(net) != config_hash:
            raise InputError("the kept net is not recognised; a run would train it again")
        return restored(net)

    def loaded(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
        trained = load_trained(path)
        arrays = {str(i): array for i, array in enumerate(trained.model.get_weights())}
        facts = repr((trained.config, trained.class_names, trained.image_shape, trained.statistics))
        return [], {**arrays, "facts": np.array(facts), "mean": trained.statistics.mean_image}

    names = "model.keras", "model.keras", "model.json", "preprocessing.npz", "SHA256SUMS"
    files = [out / name for name in names]
    best = out / "best.weights.h5"
    return {
        "checkpoint": ([checkpoint], lambda: restored(checkpoint)),
        "kept net": ([net], found),
        "network": (files, lambda: loaded(out)),
        "kept weights": ([best], lambda: loaded(best)),
    }


def _images(folder: Path) -> dict[str, tuple[list[Path], Read]]:
    """As `_networks`, for files of images.

    `records` is damaged before the first pass over the set, which finds unusable images. `records during a
    run` and `image file` are damaged after it.
    """
    tree = write_tree(folder / "tree")
    files = [path for path in sorted(tree.rglob("*.png")) if path.stem > "04"]
    for path, kind in zip(files, itertools.cycle(("bmp", "jpg", "tif", "webp", "png"))):
        with Image.open(path) as image:
            path.unlink()
            image.save(path.with_suffix(f".{kind}"))
    images = sorted(path for path in tree.rglob("*.*") if path.name != "text.jpg")
    source = stream(tree)
    source.cached(folder / "cache")
    cache = [path for path in (folder / "cache").iterdir() if path.suffix != ".lock"]
    write_set(folder, "pets", {"train": 20, "test": 10})
    records = sorted((folder / "pets").rglob("*.tfrecord*"))

    def streamed() -> StreamedSet:
        return load_image_set("pets", DataAccess(str(folder)), storage="stream")

    scanned = streamed()
    return {
        "pixel cache": (cache, lambda: _pixels(source.cached(folder / "cache"))),
        "records": (records, lambda: _pixels(streamed())),
        "records during a run": (records, lambda: _pixels(scanned)),
        "image file": (images, lambda: _pixels(source)),
    }


def _pixels(images: StreamedSet) -> tuple[list[str], dict[str, np.ndarray]]:
    # An array is named after its pixels, not its position, because positions change if an image is lost.
    found = {}
    # Forget the failures of earlier flips.
    images._lost.clear()
    images._failure = None
    for split, labels in (("train", images.train_labels), ("report", images.report_labels)):
        read = images.read(split, np.arange(len(labels)))
        images.check_readable()
        for label, pixels, is_readable in zip(labels.tolist(), *read, strict=True):
            if is_readable:
                found[f"{split} {label} {pixels.tobytes().hex()}"] = pixels
    return [reason for _, reason in images.quarantine], found
