"""A data set and a configuration that train in about a second."""

import numpy as np

from alexnet_tf.config.fields import Config, TrainConfig
from alexnet_tf.config.models import CifarNetConfig
from alexnet_tf.data.arrays import ImageSet


def tiny_image_set(train: int = 96, report: int = 37, side: int = 8) -> ImageSet:
    """Noisy images of six classes. The classes differ in the mean colours of the upper and lower halves."""
    rng = np.random.default_rng(0)
    colors = rng.integers(60, 196, (6, 2, 3))

    def draw(count):
        labels = np.arange(count) % 6
        images = np.repeat(colors[labels], side // 2, axis=1)[:, :, np.newaxis].repeat(side, axis=2)
        noisy = images + rng.normal(0, 40, images.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8), labels

    return ImageSet.from_splits("builtin", list("abcdef"), draw(train), draw(report), "test")


TINY_CONFIG = Config(
    model=CifarNetConfig(init="glorot", pooling=("max", "max", "max")),
    train=TrainConfig(epochs=3, batch_size=16, learning_rate=0.01),
).replace(input_scale="unit")
