"""Datasets of batches of uint8 images, read from memory or from disk and not yet preprocessed.

Their elements are (images, places, is_readable):

- images: uint8 [batch_size, height, width, channels].
- places: int64 [batch_size], positions in the array of indices that the function received.
- is_readable: bool [batch_size].
"""

import functools
import math
import os
from typing import Literal

import numpy as np
import tensorflow as tf

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.streaming.readers import PART_BYTES
from alexnet_tf.data.streaming.streamed_set import StreamedSet

ReadSplit = Literal["train", "report"]


def training_batches(
    image_set: ImageSet | StreamedSet, order: np.ndarray, batch_size: int, done: int, read: int
) -> tf.data.Dataset:
    """The full batches of an epoch, without the first `done`.

    Unreadable examples are left out; the first examples of the epoch are read again to replace them.

    Args:
        order: int64 [n], indices of training examples.
        done: number of batches to skip.
        read: number of examples that were read for the skipped batches, including unreadable ones.
    """
    places = tf.data.Dataset.range(len(order))
    if isinstance(image_set, ImageSet):
        return _gathered(image_set, "train", order, places.skip(read), batch_size)
    steps = len(order) // batch_size - done
    needed = steps * batch_size
    twice = places.repeat(2).skip(read)
    # `more` is read only if some of the needed examples are unreadable.
    parts, more = (
        _read(image_set, "train", order, some, batch_size, skipping=True)
        for some in (twice.take(needed), twice.skip(needed))
    )
    batches = parts.concatenate(more).rebatch(batch_size, drop_remainder=True).take(steps)
    return batches.apply(tf.data.experimental.assert_cardinality(steps))


def evaluation_batches(
    image_set: ImageSet | StreamedSet, split: ReadSplit, indices: np.ndarray, batch_size: int
) -> tf.data.Dataset:
    """Batches of the examples at the indices, int64 [n]; unreadable images are black.

    n has to be a multiple of `batch_size`.
    """
    places = tf.data.Dataset.range(len(indices))
    if isinstance(image_set, ImageSet):
        return _gathered(image_set, split, indices, places, batch_size)
    parts = _read(image_set, split, indices, places, batch_size, skipping=False)
    return parts.rebatch(batch_size, drop_remainder=True)


def _gathered(
    image_set: ImageSet, split: ReadSplit, indices: np.ndarray, places: tf.data.Dataset, batch_size: int
) -> tf.data.Dataset:
    images, indices = _as_tensor(image_set, split), tf.constant(indices)

    @tf.autograph.experimental.do_not_convert
    def gather(chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return tf.gather(images, tf.gather(indices, chosen)), chosen, tf.ones_like(chosen, tf.bool)

    # No parallel calls: gathering takes little time.
    return places.batch(batch_size, drop_remainder=True).map(gather)


@functools.lru_cache(maxsize=2)
def _as_tensor(image_set: ImageSet, split: ReadSplit) -> tf.Tensor:
    # On the CPU, because otherwise a GPU would hold a copy of the data set.
    with tf.device("CPU:0"):
        return tf.constant(getattr(image_set, f"{split}_images"))


def _read(
    image_set: StreamedSet,
    split: ReadSplit,
    indices: np.ndarray,
    places: tf.data.Dataset,
    batch_size: int,
    skipping: bool,
) -> tf.data.Dataset:
    size = max(1, min(batch_size, PART_BYTES // math.prod(image_set.image_shape)))

    def read(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        images, is_readable = image_set.read(split, indices[chosen])
        if skipping and not is_readable.all():
            return images[is_readable], chosen[is_readable], is_readable[is_readable]
        return images, chosen, is_readable

    @tf.autograph.experimental.do_not_convert
    def part(chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        # Not stateful: with op determinism, tf.data would not run calls of a stateful function in parallel.
        types = tf.uint8, tf.int64, tf.bool
        images, chosen, is_readable = tf.numpy_function(read, [chosen], types, stateful=False)
        images.set_shape([None, *image_set.image_shape])
        chosen.set_shape([None])
        is_readable.set_shape([None])
        return images, chosen, is_readable

    calls, options = os.cpu_count() or 1, tf.data.Options()
    if image_set.readers:
        # Two parts for each reader process: one waits while the other is read. Each occupies a thread.
        options.threading.private_threadpool_size = calls + 2 * image_set.readers.count
        calls = 2 * image_set.readers.count
    return places.batch(size).map(part, calls, deterministic=True).with_options(options)
