from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from alexnet_tf.runtime.errors import InputError

# Layers that change nothing but the shape, so `followed_by` does not list them.
_SILENT = (layers.InputLayer, layers.Flatten, layers.Reshape)
_NAMES = {
    "LocalResponseNormalization": "LRN",
    "SpatialResponseNormalization": "spatial norm",
    "BatchNormalization": "batch norm",
    "relu": "ReLU",
}


@dataclass(frozen=True)
class Stage:
    """A first layer (input, convolution or fully connected) and all layers before the next such layer.

    Attributes:
        shape: output shape of the first layer without the batch: (height, width, channels), or (units,).
        sees: input shape of the first layer; pooling can make it smaller than the previous stage's `shape`.
        followed_by: short descriptions of the activation and of the later layers.
        kernel: (height, width, input channels of one group).
    """

    name: str
    kind: Literal["input", "conv", "dense"]
    shape: tuple[int, ...]
    sees: tuple[int, ...] = ()
    followed_by: tuple[str, ...] = ()
    parameters: int = 0
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = (1, 1)
    groups: int = 1


def stages_of(model: keras.Model) -> list[Stage]:
    """The stages of a network whose layers form one chain.

    Raises:
        InputError: as `layers_of`, or if no layer is a convolution or fully connected.

    Example:

    >>> from alexnet_tf.models import alexnet
    >>> from alexnet_tf.models.summary import weightless
    >>> with weightless():
    ...     stages = stages_of(alexnet((224, 224, 3), 1000))
    >>> [stage.shape for stage in stages[:3]]
    [(224, 224, 3), (55, 55, 96), (27, 27, 256)]
    >>> stages[2].kernel, stages[2].groups, stages[2].followed_by
    ((5, 5, 48), 2, ('ReLU', 'LRN', 'max pool 3×3, stride 2'))
    """
    runs: list[list[keras.Layer]] = [[]]
    for layer in layers_of(model):
        if isinstance(layer, layers.Conv2D | layers.Dense):
            runs.append([])
        runs[-1].append(layer)
    if len(runs) == 1:
        raise InputError(
            f"model: expected a network with convolutions or dense layers; received {model.name}"
        )
    words, parameters = _followed_by(runs[0])
    images = Stage("images", "input", tuple(model.input.shape[1:]), (), words, parameters)
    return [images, *(_stage(run) for run in runs[1:])]


def times(lengths: Sequence[int]) -> str:
    return "\N{MULTIPLICATION SIGN}".join(str(length) for length in lengths)


def one_or_both(lengths: Sequence[int]) -> str:
    """One number if the two lengths are equal, else both.

    Example:

    >>> one_or_both((2, 2)), one_or_both((2, 1))
    ('2', '2×1')
    """
    return times(lengths if lengths[0] != lengths[1] else lengths[:1])


def layers_of(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers of a chain in order; nested models are replaced by their layers.

    Raises:
        InputError: for a layer that joins several others.
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)
            continue
        if isinstance(layer.input, list) and len(layer.input) > 1:
            raise InputError(f"model: expected a chain of layers; received {layer.name}, which joins several")
        yield layer


def feature_model(model: keras.Model) -> tuple[keras.Model, str]:
    """A model from images to the input of the classifier, and the name of the stage before the classifier.

    The classifier is the last layer. In AlexNet the stage before it is `fc7`; the dropout between the two
    does nothing in inference.

    Raises:
        InputError: if the network does not end in a dense layer, or as `stages_of`.

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


def _stage(run: Sequence[keras.Layer]) -> Stage:
    layer = run[0]
    words, parameters = _followed_by(run[1:])
    common = {
        "name": layer.name,
        "shape": tuple(layer.output.shape[1:]),
        "sees": tuple(layer.input.shape[1:]),
        "followed_by": (*_activation(layer), *words),
        "parameters": layer.count_params() + parameters,
    }
    if isinstance(layer, layers.Dense):
        return Stage(kind="dense", **common)
    kernel, stride = tuple(layer.kernel.shape[:3]), tuple(layer.strides)
    return Stage(kind="conv", kernel=kernel, stride=stride, groups=layer.groups, **common)


def _followed_by(run: Sequence[keras.Layer]) -> tuple[tuple[str, ...], int]:
    words = tuple(word for layer in run for word in _words(layer))
    return words, sum(layer.count_params() for layer in run)


def _words(layer: keras.Layer) -> list[str]:
    if isinstance(layer, _SILENT):
        return []
    if isinstance(layer, layers.Activation):
        return _activation(layer)
    if isinstance(layer, layers.Dropout):
        return [f"dropout {layer.rate:g}"] if layer.rate else []
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
        kind = "max" if isinstance(layer, layers.MaxPooling2D) else "average"
        return [f"{kind} pool {times(layer.pool_size)}, stride {one_or_both(layer.strides)}"]
    if isinstance(layer, layers.ZeroPadding2D):
        return [f"zeros, to {times(layer.output.shape[1:3])}"]
    kind = type(layer).__name__
    return [_NAMES.get(kind, kind)]


def _activation(layer: keras.Layer) -> list[str]:
    name = str(keras.activations.serialize(layer.activation))
    return [] if name == "linear" else [_NAMES.get(name, name)]
