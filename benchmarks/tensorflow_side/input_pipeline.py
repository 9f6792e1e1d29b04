"""Tasks that time this library's input pipelines alone, without a model."""

import functools
import itertools
import math
import tempfile
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.data.scaling import Method
from benchmarks.runner.task import Task

CIFAR_SIZE = 50_000
READ_BATCH = 32
# The number of images of 256x256 pixels that the pipeline reads at a time.
READ_PART = 21
Storage = Literal["memory", "stream"]


def open_photographs(folder: str, storage: Storage, scaling: Method = "antialiased") -> DataPipelines:
    paper = DataConfig(f"folder:{folder}", image_size=256, crop=224, flip=True, color_noise="paper")
    return open_data(replace(paper, scaling=scaling, storage=storage))


def files(folder: str, batch: int, scaling: Method = "antialiased") -> Task:
    return _epochs(open_photographs(folder, "stream", scaling), batch)


def cached_files(folder: str, batch: int) -> Task:
    return with_pixels_decoded_once(folder, lambda data: _epochs(data, batch))


def read_files(folder: str, readers: int) -> Task:
    reading = open_photographs(folder, "stream").read_by(readers)
    image_set = reading.__enter__().streamed_set("--readers")
    count = len(image_set.train_labels)
    parts = np.array_split(np.arange(count), math.ceil(count / READ_PART))
    pool = ThreadPoolExecutor(2 * readers)

    def call() -> int:
        return sum(pool.map(lambda part: image_set.read("train", part)[1].sum(), parts))

    weakref.finalize(call, reading.__exit__, None, None, None)
    return Task(call, count)


def read_epoch(folder: str, storage: Storage) -> Task:
    """A task that iterates over one epoch; with storage `memory`, the images are read when it is made."""
    data = open_data(DataConfig(f"folder:{folder}", image_size=64, crop=56, flip=True, storage=storage))
    steps = data.train_size // READ_BATCH
    return Task(lambda: sum(1 for _ in data.train(0, 1, READ_BATCH)), READ_BATCH * steps)


def with_pixels_decoded_once(folder: str, build: Callable[[DataPipelines], Task]) -> Task:
    """The task that `build` makes from decoded pixels on disk; deleting the task deletes the pixels."""
    place = tempfile.TemporaryDirectory()
    task = build(open_photographs(folder, "stream").cached(Path(place.name)))
    weakref.finalize(task.call, place.cleanup)
    return task


def memory(batch: int) -> Task:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (CIFAR_SIZE, 32, 32, 3), np.uint8)
    labels = np.arange(CIFAR_SIZE) % 10
    names = [str(label) for label in range(10)]
    some = (images[:1000], labels[:1000])
    image_set = ImageSet.from_splits("noise", names, (images, labels), some, "test")
    return _epochs(DataPipelines(image_set, DataConfig(pad=4, flip=True)), batch)


def endless(data: DataPipelines, batch: int, epochs: int = 8) -> tf.data.Dataset:
    """Training batches of `epochs` differently augmented epochs, repeated without end."""
    each = (data.train(0, epoch, batch) for epoch in range(1, epochs + 1))
    # With `prefetch`, an epoch starts while the last batches of the previous one are in use.
    return functools.reduce(tf.data.Dataset.concatenate, each).repeat().prefetch(2)


def _epochs(data: DataPipelines, batch: int) -> Task:
    epochs = itertools.count(1)
    steps = data.train_size // batch

    def call() -> int:
        return sum(1 for _ in data.train(0, next(epochs), batch))

    return Task(call, steps * batch)
