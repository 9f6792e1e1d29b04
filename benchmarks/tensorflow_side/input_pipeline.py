"""Augmented batches of our pipelines; nothing is computed with them."""

import functools
import itertools
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.pipeline import DataPipelines, open_data
from benchmarks.runner.task import Task

CIFAR_SIZE = 50_000
# Of `read_epoch`.
READ_BATCH = 32
Storage = Literal["memory", "stream"]


def open_photographs(folder: str, storage: Storage) -> DataPipelines:
    """Images augmented as in the paper: 224 of 256 pixels, mirrored, colour noise."""
    config = DataConfig(
        f"folder:{folder}", image_size=256, crop=224, flip=True, color_noise="paper", storage=storage
    )
    return open_data(config)


def files(folder: str, batch: int, threads: int) -> Task:
    """One epoch from JPEG files."""
    return _epochs(open_photographs(folder, "stream"), batch)


def cached_files(folder: str, batch: int, threads: int) -> Task:
    """One epoch from the pixels that the first epoch left on disk."""
    return with_pixels_decoded_once(folder, lambda data: _epochs(data, batch))


def read_epoch(folder: str, storage: Storage) -> Task:
    """One epoch of a folder of small images; they are opened before it, and with `memory` also read."""
    data = open_data(DataConfig(f"folder:{folder}", image_size=64, crop=56, flip=True, storage=storage))
    steps = data.train_size // READ_BATCH
    return Task(lambda: sum(1 for _ in data.train(0, 1, READ_BATCH)), READ_BATCH * steps)


def with_pixels_decoded_once(folder: str, build: Callable[[DataPipelines], Task]) -> Task:
    """A task on photographs; their pixels stay on disk for as long as the task lives."""
    place = tempfile.TemporaryDirectory()
    task = build(open_photographs(folder, "stream").cached(Path(place.name)))
    weakref.finalize(task.call, place.cleanup)
    return task


def memory(batch: int) -> Task:
    """One epoch of images of CIFAR-10's size and number, padded by 4 pixels, cropped and mirrored."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (CIFAR_SIZE, 32, 32, 3), np.uint8)
    labels = np.arange(CIFAR_SIZE) % 10
    names = [str(label) for label in range(10)]
    some = (images[:1000], labels[:1000])
    image_set = ImageSet.from_splits("noise", names, (images, labels), some, "test")
    return _epochs(DataPipelines(image_set, DataConfig(pad=4, flip=True)), batch)


def endless(data: DataPipelines, batch: int, epochs: int = 8) -> tf.data.Dataset:
    """Epoch after epoch, each with its own random draws; after `epochs` it starts again."""
    each = (data.train(0, epoch, batch) for epoch in range(1, epochs + 1))
    # So that the next epoch starts while the last batches of this one are used.
    return functools.reduce(tf.data.Dataset.concatenate, each).repeat().prefetch(2)


def _epochs(data: DataPipelines, batch: int) -> Task:
    epochs = itertools.count(1)
    steps = data.train_size // batch

    def call() -> int:
        return sum(1 for _ in data.train(0, next(epochs), batch))

    return Task(call, steps * batch)
