"""Batches of an epoch's images, not yet augmented, from memory or from disk."""

import functools
import math
import os
from typing import Literal

import tensorflow as tf

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.streaming.streamed_set import StreamedSet

ReadSplit = Literal["train", "report"]

# Images from disk are read in parts of a batch of about this size, one part in each thread, so that reading
# takes a bounded amount of memory and two threads share the first batch.
PART_BYTES = 2**22


def training_batches(
    image_set: ImageSet | StreamedSet, examples: tf.data.Dataset, batch_size: int, done: int, read: int
) -> tf.data.Dataset:
    """Full batches of an epoch; an incomplete last batch is dropped.

    An image that can no longer be read is skipped; the first examples of the epoch are then repeated at its
    end, so that the number of batches stays the same.

    Args:
        image_set: the images.
        examples: (index of a training example, ...), in the epoch's order.
        batch_size: number of examples in a batch.
        done: number of batches to leave out at the beginning.
        read: number of examples that were read for them.

    Returns:
        Batches (images uint8 [batch_size, height, width, channels], ...).
    """
    if isinstance(image_set, ImageSet):
        return _gathered(image_set, "train", examples.skip(read), batch_size)
    steps = len(examples) // batch_size - done
    needed = steps * batch_size
    twice = examples.repeat(2).skip(read)
    # Those after the needed ones are read only if some of these are unreadable.
    parts = _read(image_set, "train", twice.take(needed), batch_size)
    parts = parts.concatenate(_read(image_set, "train", twice.skip(needed), batch_size))
    parts = parts.map(_readable).rebatch(batch_size, drop_remainder=True).take(steps)
    return parts.apply(tf.data.experimental.assert_cardinality(steps))


def evaluation_batches(
    image_set: ImageSet | StreamedSet, split: ReadSplit, examples: tf.data.Dataset, batch_size: int
) -> tf.data.Dataset:
    """Batches of all examples; an example whose image can no longer be read gets weight 0.

    Args:
        image_set: the images.
        split: the split that the indices refer to.
        examples: (index, label, weight); their number is a multiple of `batch_size`.
        batch_size: number of examples in a batch.

    Returns:
        Batches (images uint8 [batch_size, height, width, channels], labels, weights).
    """
    if isinstance(image_set, ImageSet):
        return _gathered(image_set, split, examples, batch_size)
    parts = _read(image_set, split, examples, batch_size).map(
        lambda images, is_readable, labels, weights: (
            images,
            labels,
            weights * tf.cast(is_readable, weights.dtype),
        )
    )
    return parts.rebatch(batch_size, drop_remainder=True)


def _gathered(image_set: ImageSet, split: ReadSplit, examples: tf.data.Dataset, batch_size: int):
    images = _as_tensor(image_set, split)
    # No parallel calls, because gathering takes little time compared with the augmentation that follows.
    return examples.batch(batch_size, drop_remainder=True).map(
        lambda indices, *rest: (tf.gather(images, indices), *rest)
    )


@functools.lru_cache(maxsize=2)
def _as_tensor(image_set: ImageSet, split: ReadSplit) -> tf.Tensor:
    # Placed on the CPU, outside any distribution strategy; otherwise a GPU would hold a copy of the data set.
    with tf.device("CPU:0"):
        return tf.constant(getattr(image_set, f"{split}_images"))


def _read(
    image_set: StreamedSet, split: ReadSplit, examples: tf.data.Dataset, batch_size: int
) -> tf.data.Dataset:
    """Maps (index, ...) to parts of batches (images, is_readable, ...); reads in parallel, in order."""
    size = max(1, min(batch_size, PART_BYTES // math.prod(image_set.image_shape)))

    def read(indices):
        # With op determinism, tf.data would make the calls of a stateful function one after the other.
        images, is_readable = tf.numpy_function(
            lambda chosen: image_set.read(split, chosen), [indices], (tf.uint8, tf.bool), stateful=False
        )
        images.set_shape([None, *image_set.image_shape])
        is_readable.set_shape([None])
        return images, is_readable

    return examples.batch(size).map(
        lambda indices, *rest: (*read(indices), *rest),
        num_parallel_calls=os.cpu_count(),
        deterministic=True,
    )


def _readable(images: tf.Tensor, is_readable: tf.Tensor, *rest) -> tuple:
    """The readable examples of a part, without a copy if that is all of them."""
    parts = (images, *tf.nest.flatten(rest))
    kept = tf.cond(
        tf.reduce_all(is_readable),
        lambda: parts,
        lambda: tuple(tf.boolean_mask(part, is_readable) for part in parts),
    )
    return kept[0], *tf.nest.pack_sequence_as(rest, kept[1:])
