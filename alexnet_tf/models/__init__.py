"""Networks, and the one place where a model's config becomes a model."""

import keras

from alexnet_tf.config import AlexNetConfig, CifarNetConfig, ModelConfig
from alexnet_tf.models.alexnet import AlexNet, alexnet
from alexnet_tf.models.cifar_net import cifar_net


def build_model(config: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """The Keras model that a model config describes, from images to logits."""
    match config:
        case CifarNetConfig():
            return cifar_net(input_shape, classes, config)
        case AlexNetConfig():
            return alexnet(input_shape, classes, config)
    raise TypeError(f"expected a model config, received {type(config).__name__}")


__all__ = ["AlexNet", "alexnet", "build_model", "cifar_net"]
