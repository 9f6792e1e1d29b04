import math
from collections.abc import Callable

import keras
import tensorflow as tf

from alexnet_tf.layers import GroupedConv2D, LocalResponseNormalization
from alexnet_tf.models import alexnet
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.training_step import keras_sgd, paper_optimizer, stock_normalization


def lrn(shape: list[int], dtype: str) -> Task:
    return _both_ways(LocalResponseNormalization(dtype=_policy(dtype)), shape, dtype)


def tensorflow_lrn(shape: list[int], dtype: str) -> Task:
    return _both_ways(stock_normalization, shape, dtype)


def grouped(shape: list[int], filters: int, kernel: int, dtype: str) -> Task:
    layer = GroupedConv2D(filters, kernel, padding="same", groups=2, dtype=_policy(dtype))
    return _both_ways(layer, shape, dtype)


def keras_grouped(shape: list[int], filters: int, kernel: int, dtype: str) -> Task:
    layer = keras.layers.Conv2D(filters, kernel, padding="same", groups=2, dtype=_policy(dtype))
    return _both_ways(layer, shape, dtype)


def update() -> Task:
    return _update(paper_optimizer())


def keras_update() -> Task:
    return _update(keras_sgd())


def _update(optimizer: keras.optimizers.Optimizer) -> Task:
    keras.config.set_dtype_policy("float32")
    variables = alexnet((224, 224, 3), 1000).trainable_variables
    gradients = [tf.random.normal(variable.shape) for variable in variables]
    optimizer.build(variables)

    @tf.function
    def apply():
        optimizer.apply(gradients, variables)
        return optimizer.iterations.value + 0

    return Task(apply, sum(math.prod(variable.shape) for variable in variables))


def _both_ways(layer: Callable[[tf.Tensor], tf.Tensor], shape: list[int], dtype: str) -> Task:
    inputs = tf.cast(tf.random.normal(shape), dtype)
    upstream = tf.cast(tf.random.normal(layer(inputs[:1]).shape[1:]), dtype)
    weights = [weight.value for weight in getattr(layer, "trainable_weights", [])]

    @tf.function
    def both(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        above = tf.broadcast_to(upstream, tf.shape(outputs))
        # TensorFlow skips operations whose results are unused, so the outputs are returned too.
        return outputs, *tape.gradient(outputs, [inputs, *weights], above)

    if isinstance(layer, keras.layers.Conv2D):
        gflop = 3 * 2 * math.prod(shape[:3]) * math.prod(layer.kernel.shape) / 1e9
        return Task(lambda: both(inputs), shape[0], gflop)
    return Task(lambda: both(inputs), math.prod(shape))


def _policy(dtype: str) -> str:
    return "mixed_bfloat16" if dtype == "bfloat16" else dtype
