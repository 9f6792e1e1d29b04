"""The same work at different sizes."""

import keras

from alexnet_tf.config.fields import CifarNetConfig, DataConfig
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.models import alexnet, cifar_net
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.strategy import make_strategy
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.alexnet_step import CLASSES, RECIPE
from benchmarks.tensorflow_side.training import compiled, constant_batch, training_task

READ_BATCH = 32


def alexnet_step(batch: int, side: int) -> Task:
    """A training step of AlexNet on images of `side` pixels, in float32."""
    keras.config.set_dtype_policy("float32")
    shape = (side, side, 3)
    model = compiled(alexnet(shape, CLASSES), make_optimizer(**RECIPE))
    return training_task(model, constant_batch(batch, shape, CLASSES), batch)


def read_epoch(folder: str, storage: str) -> Task:
    """One epoch out of a folder; its images are opened before, and in memory read."""
    data = open_data(
        DataConfig(dataset=f"folder:{folder}", image_size=64, crop=56, flip=True, storage=storage)
    )
    steps = data.train_size // READ_BATCH
    return Task(lambda: sum(1 for _ in data.train(0, 1, READ_BATCH)), READ_BATCH * steps)


def mirrored_step(devices: int, batch: int, steps: int) -> Task:
    """`steps` training steps of the CIFAR net, its batch shared by logical devices of this machine."""
    strategy = make_strategy(str(devices))
    keras.config.set_dtype_policy("float32")
    with strategy.scope():
        model = compiled(cifar_net((32, 32, 3), 10, CifarNetConfig()), make_optimizer(**RECIPE))
    batches = strategy.experimental_distribute_dataset(constant_batch(batch, (32, 32, 3), 10))
    return training_task(model, batches, batch, steps, strategy)
