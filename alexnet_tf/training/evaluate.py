"""Exact evaluation: each example counts once, and sums are divided only once, at the end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

TOP_K = 5


@dataclass(frozen=True)
class Scores:
    """Loss and errors over a data set; errors are fractions in [0, 1].

    Attributes:
        loss: mean cross-entropy, in nats.
        error: share of examples whose most probable class is wrong.
        top5_error: share of examples whose class is not among the five most probable.
        count: number of examples.
        confusion: int64 [classes, classes], number of examples by class (row) and most probable class
            (column); None if not counted.
    """

    loss: float
    error: float
    top5_error: float
    count: int
    confusion: np.ndarray | None = None

    @property
    def useful_top5_error(self) -> float | None:
        """`top5_error`; None if `confusion` has five classes or fewer, because the error is then always 0."""
        return None if self.confusion is not None and len(self.confusion) <= TOP_K else self.top5_error


def make_evaluator(
    model: keras.Model, strategy: tf.distribute.Strategy, confusion: bool = False
) -> Callable[[Iterable], Scores]:
    """Makes a function that evaluates `model` with its current weights.

    The batch size and the number of replicas change the scores only by rounding, because sums are divided
    only once.

    Args:
        confusion: whether to count `Scores.confusion`.

    Returns:
        A function of batches (images, labels, weights). For a strategy with several replicas, the caller
        passes a data set distributed by this strategy. Examples of weight 0 are padding.
    """
    side = model.output.shape[-1] if confusion else 0

    def sums(batch):
        images, labels, weights = batch
        logits = tf.cast(model(images, training=False), tf.float32)
        weights = tf.cast(weights, tf.float64)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        ranked = tf.math.top_k(logits, min(TOP_K, logits.shape[-1])).indices
        hits = tf.cast(ranked, labels.dtype) == labels[:, tf.newaxis]
        counted = tf.stack(
            [
                tf.reduce_sum(weights * tf.cast(losses, tf.float64)),
                tf.reduce_sum(weights * tf.cast(~hits[:, 0], tf.float64)),
                tf.reduce_sum(weights * tf.cast(~tf.reduce_any(hits, axis=1), tf.float64)),
                tf.reduce_sum(weights),
            ]
        )
        if not confusion:
            return counted
        matrix = tf.math.confusion_matrix(labels, ranked[:, 0], side, weights, tf.float64)
        return tf.concat([counted, tf.reshape(matrix, [-1])], axis=0)

    def sums_of(batch):
        return strategy.reduce("SUM", strategy.run(sums, args=(batch,)), axis=None)

    @tf.function
    def sums_of_all(batches):
        total = tf.zeros([4 + side**2], tf.float64)
        for batch in batches:
            total += sums_of(batch)
        return total

    sums_of_one = tf.function(sums_of)

    def evaluate(batches: Iterable) -> Scores:
        if strategy.cluster_resolver is not None:
            total = sums_of_all(batches).numpy()
        else:
            # A call for each batch, because Python handles signals only between calls.
            total = sum(sums_of_one(batch).numpy() for batch in batches)
        loss, wrong, wrong5, count = total[:4].tolist()
        matrix = total[4:].astype(np.int64).reshape(side, side) if confusion else None
        return Scores(loss / count, wrong / count, wrong5 / count, round(count), matrix)

    return evaluate
