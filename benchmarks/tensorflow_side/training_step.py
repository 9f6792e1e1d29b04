import dataclasses
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from alexnet_tf.config.models import CifarNetConfig
from alexnet_tf.config.presets import SCALED
from alexnet_tf.models import alexnet as alexnet_model
from alexnet_tf.models import cifar_net as cifar_model
from alexnet_tf.models.summary import layer_costs
from alexnet_tf.training.network import compiled_steps
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.strategy import make_strategy
from benchmarks.runner.task import Task

CIFAR_SHAPE, CLASSES = (32, 32, 3), 1000


def alexnet(batch: int, precision: str, side: int = 224) -> Task:
    return training_task(compiled_alexnet(precision, side), constant_batch(batch, side, CLASSES), batch)


def half_width_alexnet(batch: int, precision: str) -> Task:
    keras.config.set_dtype_policy(precision)
    model = compiled(half_width_model(), paper_optimizer())
    # This net is initialised for pixels of unit variance.
    return training_task(model, constant_batch(batch, 56, 100, deviation=1), batch)


def half_width_model() -> keras.Model:
    """A net of the size in `TRAINED` of `experiments/claims/common.py`: half the kernels and units."""
    return alexnet_model((56, 56, 3), 100, dataclasses.replace(SCALED, width=0.5))


def stock_alexnet(batch: int, precision: str) -> Task:
    """The paper's network with Keras's layers and SGD, and TensorFlow's LRN."""
    keras.config.set_dtype_policy(precision)
    return training_task(compiled(stock_model(), keras_sgd()), constant_batch(batch, 224, CLASSES), batch)


def cifar_net(batch: int, precision: str, lrn: bool, steps: int, devices: int = 1) -> Task:
    """The four-layer network of the paper's Figure 1; each batch is divided among `devices` devices."""
    strategy = make_strategy(str(devices))
    keras.config.set_dtype_policy(precision)
    with strategy.scope():
        model = compiled(cifar_model(CIFAR_SHAPE, 10, CifarNetConfig(lrn=lrn)), paper_optimizer())
    batches = strategy.experimental_distribute_dataset(constant_batch(batch, CIFAR_SHAPE[0], 10))
    return training_task(model, batches, batch, steps, strategy)


def paper_optimizer() -> keras.optimizers.Optimizer:
    """The paper's optimizer, with a lower learning rate, at which training on noise does not diverge."""
    return make_optimizer(1e-4, momentum=0.9, weight_decay=5e-4)


def keras_sgd() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(1e-4, momentum=0.9, weight_decay=5e-4)


def compiled_alexnet(precision: str, side: int = 224) -> keras.Model:
    keras.config.set_dtype_policy(precision)
    return compiled(alexnet_model((side, side, 3), CLASSES), paper_optimizer())


def compiled(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """Compiles the model as `alexnet_tf.training.network` does."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def constant_batch(batch: int, side: int, classes: int, deviation: float = 60) -> tf.data.Dataset:
    """Repeats one batch of random images (batch, side, side, 3) and labels."""
    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(0, deviation, (batch, side, side, 3)).astype(np.float32))
    labels = tf.constant(rng.integers(0, classes, batch))
    return tf.data.Dataset.from_tensors((images, labels)).cache().repeat()


def training_task(
    model: keras.Model,
    batches: Iterable,
    batch: int,
    steps: int = 1,
    strategy: tf.distribute.Strategy | None = None,
) -> Task:
    iterator = iter(batches)
    run_steps = compiled_steps(model, strategy or tf.distribute.get_strategy())

    def call() -> float:
        run_steps(iterator, tf.constant(steps))
        # Reading the loss waits for the last step.
        return float(model.get_metrics_result()["loss"])

    return Task(call, steps * batch, steps * batch * training_gflop(model))


def training_gflop(model: keras.Model) -> float:
    """Billions of operations of one training step for one image; a multiply-add counts as two.

    Each convolution and matrix product is computed three times: forward, for the gradient of its weights and,
    except in the first layer, for the gradient of its input.
    """
    multiply_adds = [cost.multiply_adds for cost in layer_costs(model) if cost.multiply_adds]
    return 2 * (3 * sum(multiply_adds) - multiply_adds[0]) / 1e9


def stock_normalization(inputs: tf.Tensor) -> tf.Tensor:
    """TensorFlow's LRN operation, in float32 because it has no bfloat16 kernel on CPUs."""
    x = tf.cast(inputs, tf.float32)
    outputs = tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
    return tf.cast(outputs, inputs.dtype)


def stock_model() -> keras.Model:
    x = images = keras.Input((224, 224, 3))
    x = layers.ZeroPadding2D(((0, 3), (0, 3)))(x)
    x = layers.Conv2D(96, 11, strides=4, activation="relu")(x)
    x = layers.MaxPooling2D(3, 2)(layers.Lambda(stock_normalization)(x))
    x = layers.Conv2D(256, 5, padding="same", groups=2, activation="relu")(x)
    x = layers.MaxPooling2D(3, 2)(layers.Lambda(stock_normalization)(x))
    x = layers.Conv2D(384, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(384, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.Conv2D(256, 3, padding="same", groups=2, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D(3, 2)(x))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    return keras.Model(images, layers.Dense(CLASSES, dtype="float32")(x))
