"""Runs on the tiny set, and what tests of training measure them by."""

import keras

from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.train import train
from tests.tiny import TINY_CONFIG, tiny_image_set

IMAGE_SET = tiny_image_set()
METRICS = (
    "epoch",
    "train_loss",
    "train_error",
    "test_loss",
    "test_error",
    "test_top5_error",
    "learning_rate",
)


def run(config=TINY_CONFIG, **kwargs):
    return train(config, DataPipelines(IMAGE_SET, config.data), **kwargs)


def metrics(history) -> list[tuple]:
    return [tuple(point[name] for name in METRICS) for point in history.curve]


class StopAfter(keras.callbacks.Callback):
    """Ends the process's part of a run as a kill would, at the start of an epoch."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epochs:
            raise KeyboardInterrupt
