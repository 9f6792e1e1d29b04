"""Networks, and the one place where a model's config becomes a model."""

import keras

from alexnet_tf.config import CifarNetConfig
from alexnet_tf.models.cifar_net import cifar_net


def build_model(config: CifarNetConfig, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """The Keras model that a model config describes, from images to logits."""
    match config:
        case CifarNetConfig():
            return cifar_net(input_shape, classes, config)
    raise TypeError(f"expected a model config, received {type(config).__name__}")


__all__ = ["build_model", "cifar_net"]
