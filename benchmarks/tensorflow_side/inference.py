"""Class probabilities by AlexNet."""

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.models import alexnet
from alexnet_tf.models.views import averaging_model
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.training import forward_gflop


def ours(batch: int, views: int, precision: str) -> Task:
    """Images of 256x256, their views of 224x224, one average an image."""
    keras.config.set_dtype_policy(precision)
    net = alexnet((224, 224, 3), 1000)
    model = averaging_model([net], (256, 256, 3), views)
    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(0, 60, (batch, 256, 256, 3)).astype(np.float32))
    infer = tf.function(lambda: model(images, training=False))
    return Task(infer, batch, batch * views * forward_gflop(net))
