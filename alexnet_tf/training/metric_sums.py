"""Collects and restores the sums of Keras's metrics on each replica; the chief saves them for all workers."""

from collections.abc import Callable

import keras
import tensorflow as tf


def make_gatherer(model: keras.Model, strategy: tf.distribute.Strategy) -> Callable[[], list[list[float]]]:
    """Makes a function that returns a list of sums for each replica; all workers must call it together."""

    @tf.function
    def rows():
        own = strategy.run(lambda: tf.stack([[variable.value for variable in model.metrics_variables]]))
        return strategy.gather(own, axis=0)

    return lambda: rows().numpy().tolist()


def assign_sums(model: keras.Model, strategy: tf.distribute.Strategy, sums: list[list[float]]) -> None:
    """Sets the sums of each replica; does nothing if `sums` is for another number of replicas."""

    def assign() -> None:
        row = tf.constant(sums)[tf.distribute.get_replica_context().replica_id_in_sync_group]
        for variable, value in zip(model.metrics_variables, tf.unstack(row), strict=True):
            variable.assign(value)

    if len(sums) == strategy.num_replicas_in_sync:
        tf.function(lambda: strategy.run(assign))()
