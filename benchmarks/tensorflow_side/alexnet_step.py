"""The training step of AlexNet: ours, and with the layers that Keras and TensorFlow bring along."""

import keras
import tensorflow as tf
from keras import layers

from alexnet_tf.models import alexnet
from alexnet_tf.training.optimizers import make_optimizer
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.training import compiled, constant_batch, training_task

INPUT_SHAPE, CLASSES = (224, 224, 3), 1000
# The paper's, but for a rate at which constant noise does no harm.
RECIPE = {"learning_rate": 1e-4, "momentum": 0.9, "weight_decay": 5e-4}


def our_model(precision: str) -> keras.Model:
    """The paper's network with its optimizer."""
    keras.config.set_dtype_policy(precision)
    return compiled(alexnet(INPUT_SHAPE, CLASSES), make_optimizer(**RECIPE))


def ours(batch: int, precision: str) -> Task:
    """This library's layers and optimizer."""
    return training_task(our_model(precision), constant_batch(batch, INPUT_SHAPE, CLASSES), batch)


def stock_keras(batch: int, precision: str) -> Task:
    """`Conv2D(groups=2)`, `tf.nn.local_response_normalization`, Keras's SGD; not compiled by XLA."""
    keras.config.set_dtype_policy(precision)
    optimizer = keras.optimizers.SGD(**RECIPE)
    model = compiled(_stock_alexnet(), optimizer)
    return training_task(model, constant_batch(batch, INPUT_SHAPE, CLASSES), batch)


class StockNormalization(layers.Layer):
    """TensorFlow's operation, which has no bfloat16 kernel on CPUs."""

    def call(self, inputs):
        outputs = tf.nn.local_response_normalization(
            tf.cast(inputs, tf.float32), depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75
        )
        return tf.cast(outputs, inputs.dtype)


def _stock_alexnet() -> keras.Model:
    x = images = keras.Input(INPUT_SHAPE)
    x = layers.ZeroPadding2D(((0, 3), (0, 3)))(x)
    x = layers.Conv2D(96, 11, strides=4, activation="relu")(x)
    x = layers.MaxPooling2D(3, 2)(StockNormalization()(x))
    x = layers.Conv2D(256, 5, padding="same", groups=2, activation="relu")(x)
    x = layers.MaxPooling2D(3, 2)(StockNormalization()(x))
    x = layers.Conv2D(384, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(384, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.Conv2D(256, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D(3, 2)(x))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    return keras.Model(images, layers.Dense(CLASSES, dtype="float32")(x))
