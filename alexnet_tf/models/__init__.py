"""Networks, and `build_model`, which builds one from its configuration."""

import keras

from alexnet_tf.config.models import (
    AlexNetConfig,
    BatchNormAlexNetConfig,
    CifarNetConfig,
    MnistCnnConfig,
    ModelConfig,
    OneWeirdTrickConfig,
)
from alexnet_tf.models.alexnet import AlexNet, alexnet
from alexnet_tf.models.batch_norm_alexnet import batch_norm_alexnet
from alexnet_tf.models.cifar_net import cifar_net
from alexnet_tf.models.imagenet import decode_predictions, preprocess_input
from alexnet_tf.models.mnist_cnn import mnist_cnn
from alexnet_tf.models.one_weird_trick import one_weird_trick


def build_model(config: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Builds the network of a model configuration, from images to logits."""
    match config:
        case CifarNetConfig():
            return cifar_net(input_shape, classes, config)
        case AlexNetConfig():
            return alexnet(input_shape, classes, config)
        case OneWeirdTrickConfig():
            return one_weird_trick(input_shape, classes, config)
        case BatchNormAlexNetConfig():
            return batch_norm_alexnet(input_shape, classes, config)
        case MnistCnnConfig():
            return mnist_cnn(input_shape, classes, config)
    raise TypeError(f"expected a model config; received {type(config).__name__}")


__all__ = [
    "AlexNet",
    "alexnet",
    "batch_norm_alexnet",
    "build_model",
    "cifar_net",
    "decode_predictions",
    "mnist_cnn",
    "one_weird_trick",
    "preprocess_input",
]
