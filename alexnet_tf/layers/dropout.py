"""Dropout whose replicas draw different masks (paper, section 4.2)."""

import keras
import tensorflow as tf

# A prime near 2^32 / phi, where phi is the golden ratio. Its multiples are spread evenly over the seeds of
# 31 bits.
REPLICA_STRIDE = 0x9E3779B1


@keras.saving.register_keras_serializable("alexnet_tf")
class Dropout(keras.layers.Dropout):
    """`keras.layers.Dropout` whose mask is a function of (seed, step, replica).

    Under a distribution strategy, Keras's layer draws the same mask on all replicas. This layer adds
    `REPLICA_STRIDE` times the number of the replica to the seed; the replicas of all workers are numbered
    together, from 0. Replica 0, and a model without a strategy, therefore draw the same masks as Keras's
    layer. The state of the seed generator is the same on all replicas, so a checkpoint needs one copy.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> Dropout(0.5)(tf.ones([1, 6]), training=True).numpy()
    array([[2., 0., 2., 0., 0., 0.]], dtype=float32)
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or not 0 < self.rate < 1:
            return super().call(inputs, training=training)
        context = tf.distribute.get_replica_context()
        # There is no context if the model is called outside of the replicas, for example by a callback.
        replica = context.replica_id_in_sync_group if context else 0
        seed = self.seed_generator.next()
        seed += tf.cast(replica, seed.dtype) * tf.constant([REPLICA_STRIDE, 0], seed.dtype)
        # The stateless operation takes signed seeds of 32 bits; Keras reduces its seeds in the same way.
        seed = tf.cast(tf.math.floormod(seed, tf.int32.max - 1), tf.int32)
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed, noise_shape=self.noise_shape)
