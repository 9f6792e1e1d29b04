"""From examples by index to batches with their images, for sets in memory and sets that stream."""

import functools
import os
from typing import Literal

import tensorflow as tf

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.streaming.streamed_set import StreamedSet

ReadSplit = Literal["train", "report"]


def training_batches(
    image_set: ImageSet | StreamedSet, examples: tf.data.Dataset, batch_size: int
) -> tf.data.Dataset:
    """Full batches of an epoch; what is left over at its end is dropped.

    An image that can no longer be read is passed over and those after it move up; the first of the epoch
    come once more at its end where they are needed to fill it.

    Args:
        image_set: the images.
        examples: (index of a training example, ...), in the epoch's order.
        batch_size: number of examples in a batch.

    Returns:
        Batches (images uint8 [batch_size, height, width, channels], ...).
    """
    if isinstance(image_set, ImageSet):
        return _gathered(image_set, "train", examples, batch_size)
    steps = len(examples) // batch_size
    images = _read(image_set, "train", examples.repeat(2))
    images = images.filter(lambda image, is_readable, *rest: is_readable)
    images = images.map(lambda image, is_readable, *rest: (image, *rest))
    batches = images.batch(batch_size, drop_remainder=True).take(steps)
    return batches.apply(tf.data.experimental.assert_cardinality(steps))


def evaluation_batches(
    image_set: ImageSet | StreamedSet, split: ReadSplit, examples: tf.data.Dataset, batch_size: int
) -> tf.data.Dataset:
    """Batches of every example; one whose image can no longer be read has weight 0.

    Args:
        image_set: the images.
        split: that the indices point into.
        examples: (index, label, weight), a multiple of `batch_size` of them.
        batch_size: number of examples in a batch.

    Returns:
        Batches (images uint8 [batch_size, height, width, channels], labels, weights).
    """
    if isinstance(image_set, ImageSet):
        return _gathered(image_set, split, examples, batch_size)
    images = _read(image_set, split, examples).map(
        lambda image, is_readable, label, weight: (image, label, weight * tf.cast(is_readable, weight.dtype))
    )
    return images.batch(batch_size, drop_remainder=True)


def _gathered(image_set: ImageSet, split: ReadSplit, examples: tf.data.Dataset, batch_size: int):
    images = _as_tensor(image_set, split)
    # Cheap beside the augmentation that follows it, so one call at a time.
    return examples.batch(batch_size, drop_remainder=True).map(
        lambda indices, *rest: (tf.gather(images, indices), *rest)
    )


@functools.lru_cache(maxsize=2)
def _as_tensor(image_set: ImageSet, split: ReadSplit) -> tf.Tensor:
    # Outside any strategy's scope and on the host, or a GPU would hold a copy of the data set.
    with tf.device("CPU:0"):
        return tf.constant(getattr(image_set, f"{split}_images"))


def _read(image_set: StreamedSet, split: ReadSplit, examples: tf.data.Dataset) -> tf.data.Dataset:
    """(image, whether it is readable, ...) of examples (index, ...), decoded side by side, in order."""

    def read(index):
        image, is_readable = tf.numpy_function(
            lambda i: image_set.read(split, i), [index], (tf.uint8, tf.bool)
        )
        image.set_shape(image_set.image_shape)
        is_readable.set_shape([])
        return image, is_readable

    return examples.map(
        lambda index, *rest: (*read(index), *rest), num_parallel_calls=os.cpu_count(), deterministic=True
    )
