import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.models import alexnet as alexnet_model
from alexnet_tf.models.summary import layer_costs
from alexnet_tf.models.views import averaging_model
from benchmarks.runner.task import Task


def alexnet(batch: int, views: int, precision: str) -> Task:
    keras.config.set_dtype_policy(precision)
    net = alexnet_model((224, 224, 3), 1000)
    model = averaging_model([net], (256, 256, 3), views)
    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(0, 60, (batch, 256, 256, 3)).astype(np.float32))
    infer = tf.function(lambda: model(images, training=False))
    return Task(infer, batch, batch * views * forward_gflop(net))


def forward_gflop(model: keras.Model) -> float:
    """Billions of operations of the forward pass for one image; a multiply-add counts as two."""
    return 2 * sum(cost.multiply_adds for cost in layer_costs(model)) / 1e9
