"""What a network makes of an image in its last hidden layer: fc7 in the paper."""

import keras
from keras import layers

from alexnet_tf.figures.stages import stages_of
from alexnet_tf.runtime.errors import InputError


def feature_model(model: keras.Model) -> tuple[keras.Model, str]:
    """A model from images to the input of the classifier, and the name of the layer that makes it.

    The classifier is the last layer, and its input in inference is the last hidden layer's output after
    its activation: dropout does nothing there.

    Args:
        model: a chain of layers that ends in a fully connected one.

    Returns:
        A model that shares the network's weights, from images to [n, features], and a name such as `fc7`.

    Raises:
        InputError: for another network.

    Example:

    >>> from alexnet_tf.models import cifar_net
    >>> features, name = feature_model(cifar_net((32, 32, 3), 10))
    >>> features.output.shape, name
    ((None, 1024), 'conv3')
    """
    classifier = model.layers[-1]
    if not isinstance(classifier, layers.Dense):
        raise InputError(
            f"model: expected a network that ends in a dense layer; received {type(classifier).__name__}"
        )
    return keras.Model(model.input, classifier.input, name="features"), stages_of(model)[-2].name
