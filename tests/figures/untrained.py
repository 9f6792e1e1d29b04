"""A small network that was not trained."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.config.fields import Config, DataConfig
from alexnet_tf.config.presets import SCALED
from alexnet_tf.data.pixel_statistics import pixel_statistics
from alexnet_tf.models import build_model

NOISE = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)


def untrained(class_names: Sequence[str], **changes) -> Trained:
    """A narrow network of two towers for images of 64x64 pixels, with the statistics of noise."""
    config = Config(
        DataConfig(image_size=64, crop=56, input_scale="unit"),
        dataclasses.replace(SCALED, width=1 / 16, **changes),
    )
    keras.utils.set_random_seed(0)
    model = build_model(config.model, (56, 56, 3), len(class_names))
    return Trained(model, config, tuple(class_names), (64, 64, 3), pixel_statistics(NOISE))
