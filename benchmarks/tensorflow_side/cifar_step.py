"""The training step of the four-layer network of Figure 1."""

import keras

from alexnet_tf.config.fields import CifarNetConfig
from alexnet_tf.models import cifar_net
from alexnet_tf.training.optimizers import make_optimizer
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.alexnet_step import RECIPE
from benchmarks.tensorflow_side.training import compiled, constant_batch, training_task


def ours(batch: int, precision: str, lrn: bool, steps: int) -> Task:
    """`steps` steps in one call of the compiled loop, as in training."""
    keras.config.set_dtype_policy(precision)
    model = cifar_net((32, 32, 3), 10, CifarNetConfig(lrn=lrn))
    model = compiled(model, make_optimizer(**RECIPE))
    return training_task(model, constant_batch(batch, (32, 32, 3), 10), batch, steps)
