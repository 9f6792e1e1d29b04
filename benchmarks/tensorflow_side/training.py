"""Training steps of Keras models on a constant batch, by the loop that `alexnet_tf.training.train` runs."""

from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.models.summary import layer_costs
from benchmarks.runner.task import Task


def constant_batch(batch: int, input_shape: tuple[int, int, int], classes: int) -> Iterable:
    """The same random images and labels again and again."""
    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(0, 60, (batch, *input_shape)).astype(np.float32))
    labels = tf.constant(rng.integers(0, classes, batch))
    return tf.data.Dataset.from_tensors((images, labels)).cache().repeat()


def compiled(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """Compiled as in `alexnet_tf.training.train`."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def training_task(
    model: keras.Model,
    batches: Iterable,
    batch: int,
    steps: int = 1,
    strategy: tf.distribute.Strategy | None = None,
) -> Task:
    """`steps` training steps a call, on the next batches."""
    iterator = iter(batches)
    strategy = strategy or tf.distribute.get_strategy()

    @tf.function
    def run_steps(iterator, steps):
        for _ in tf.range(steps):
            strategy.run(model.train_step, args=(next(iterator),))

    def call() -> float:
        run_steps(iterator, tf.constant(steps))
        # Waits for the last step.
        return float(model.get_metrics_result()["loss"])

    return Task(call, steps * batch, steps * batch * training_gflop(model))


def training_gflop(model: keras.Model) -> float:
    """Operations of one training step for one image, in 1e9.

    A multiply-add is two operations. Each convolution and matrix product is done three times: forward,
    for the gradient of its weights and, but for the first layer, for the gradient of its input.
    """
    multiply_adds = [cost.multiply_adds for cost in layer_costs(model) if cost.multiply_adds]
    return 2 * (3 * sum(multiply_adds) - multiply_adds[0]) / 1e9


def forward_gflop(model: keras.Model) -> float:
    """Operations of one image's way through the network, in 1e9."""
    return 2 * sum(cost.multiply_adds for cost in layer_costs(model)) / 1e9
