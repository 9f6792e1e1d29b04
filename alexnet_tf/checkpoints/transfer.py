"""Transfer learning: start from a trained network with a new head, and freeze layers.

The mean image and the scale of the trained network are kept, because new ones would shift the inputs of
frozen layers.
"""

from collections.abc import Sequence

import keras
import numpy as np

from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.config.fields import Config
from alexnet_tf.data.arrays import fingerprint_arrays
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.suggestion import did_you_mean

ALL_BUT_HEAD = "all-but-head"
NOTHING = "none"


def start_fingerprint(start: Trained) -> str:
    """SHA-256 (hex) of the weights and the preprocessing that a run starts from."""
    pixels = start.statistics
    numbers = pixels.mean_image, np.array([pixels.stddev]), pixels.eigenvalues, pixels.eigenvectors
    return fingerprint_arrays(*start.model.get_weights(), *numbers)


def transfer_config(start: Trained, dataset: str, freeze: str = ALL_BUT_HEAD) -> Config:
    """The configuration of a trained network, changed to fine-tune the network on another data set.

    Args:
        freeze: name of the last frozen layer, `all-but-head` or `none`.
    """
    if freeze == ALL_BUT_HEAD:
        freeze = next(layer.name for layer in start.model.layers[-2::-1] if layer.weights)
    return start.config.replace(
        dataset=dataset,
        image_size=start.image_shape[0],
        start=start_fingerprint(start),
        freeze="" if freeze == NOTHING else freeze,
    )


def copy_weights(start: Trained, model: keras.Model) -> None:
    """Copies the weights of all layers but the last; raises an InputError if layers or shapes differ."""
    expected, received = _shapes(model), _shapes(start.model)
    for name in [*expected, *received]:
        if expected.get(name) != received.get(name):
            raise InputError(
                f"--from: expected weights of shapes {expected.get(name, 'none')} in layer {name}; "
                f"received {received.get(name, 'none')}"
            )
    for name in expected:
        source = start.model.get_layer(name).get_weights()
        for variable, array in zip(model.get_layer(name).weights, source, strict=True):
            variable.assign(array)


def check_start(config: Config, start: Trained | None) -> None:
    """Raises an InputError unless `start` has the fingerprint given in the config."""
    received = start_fingerprint(start) if start else ""
    if config.train.start != received:
        raise InputError(
            f"start: expected the network (--from) of fingerprint {config.train.start or 'none'}; "
            f"received {received or 'none'}"
        )


def check_freeze(names: Sequence[str], last: str) -> None:
    """Raises an InputError if `last` is not one of `names`, or is the input or the last layer."""
    if last not in names[1:-1]:
        raise InputError(
            f"freeze: expected a layer before the last, one of {', '.join(names[1:-1])}; received {last!r}"
            f"{did_you_mean(last, names[1:-1])}"
        )


def freeze_layers(model: keras.Model, last: str) -> None:
    """Freezes the layers up to and including `last`; call it before compiling the model."""
    names = [layer.name for layer in model.layers]
    for layer in model.layers[: names.index(last) + 1]:
        layer.trainable = False


def _shapes(model: keras.Model) -> dict[str, list[tuple[int, ...]]]:
    return {
        layer.name: [tuple(variable.shape) for variable in layer.weights]
        for layer in model.layers[:-1]
        if layer.weights
    }
