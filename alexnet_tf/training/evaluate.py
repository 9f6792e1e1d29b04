"""Exact evaluation: each example counts once, and sums are divided only at the end."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
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
    """

    loss: float
    error: float
    top5_error: float
    count: int


def make_evaluator(
    model: keras.Model, dataset: tf.data.Dataset, strategy: tf.distribute.Strategy
) -> Callable[[], Scores]:
    """Compiles the evaluation of `model`'s logits on (images, labels, weights) batches.

    Sums over replicas and batches are divided once, at the end, so the score depends neither on the batch
    size nor on the number of replicas. Examples of weight 0 are padding.

    Returns:
        A function without arguments that evaluates the model with its current weights.
    """
    batches = strategy.experimental_distribute_dataset(dataset)

    def sums(batch):
        images, labels, weights = batch
        logits = tf.cast(model(images, training=False), tf.float32)
        weights = tf.cast(weights, tf.float64)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        ranked = tf.math.top_k(logits, min(TOP_K, logits.shape[-1])).indices
        hits = tf.cast(ranked, labels.dtype) == labels[:, tf.newaxis]
        return tf.stack(
            [
                tf.reduce_sum(weights * tf.cast(losses, tf.float64)),
                tf.reduce_sum(weights * tf.cast(~hits[:, 0], tf.float64)),
                tf.reduce_sum(weights * tf.cast(~tf.reduce_any(hits, axis=1), tf.float64)),
                tf.reduce_sum(weights),
            ]
        )

    def sums_of(batch):
        return strategy.reduce("SUM", strategy.run(sums, args=(batch,)), axis=None)

    @tf.function
    def sums_of_all():
        total = tf.zeros([4], tf.float64)
        for batch in batches:
            total += sums_of(batch)
        return total

    sums_of_one = tf.function(sums_of)

    def evaluate() -> Scores:
        if strategy.cluster_resolver is not None:
            total = sums_of_all().numpy()
        else:
            # One call per batch, so that Python can handle termination signals between batches.
            total = sum(sums_of_one(batch).numpy() for batch in batches)
        loss, wrong, wrong5, count = total.tolist()
        return Scores(loss / count, wrong / count, wrong5 / count, round(count))

    return evaluate
