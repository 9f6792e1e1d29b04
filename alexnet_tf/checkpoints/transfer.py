"""Starting from a trained network: another head, the rest as it was, frozen up to a layer.

The preprocessing of the trained network stays too, its mean image and its scale: the layers below the
head were fitted to pixels with that mean subtracted, and those of another set would move everything that
frozen layers see.
"""

from collections.abc import Sequence

import keras
import numpy as np

from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.config.fields import Config
from alexnet_tf.data.arrays import fingerprint_arrays
from alexnet_tf.runtime.errors import InputError

ALL_BUT_HEAD = "all-but-head"
NOTHING = "none"


def start_fingerprint(start: Trained) -> str:
    """SHA-256 (hex) over the weights and the preprocessing that a run starts from."""
    images = start.statistics
    numbers = images.mean_image, np.array([images.stddev]), images.eigenvalues, images.eigenvectors
    return fingerprint_arrays(*start.model.get_weights(), *numbers)


def transfer_config(start: Trained, dataset: str, freeze: str = ALL_BUT_HEAD) -> Config:
    """The run that carries a trained network over to another data set, by the recipe that trained it.

    Args:
        start: the trained network.
        dataset: `builtin`, a TFDS name or `folder:PATH`; its images are brought to the size of the
            network's.
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
    """Sets the weights of all layers but the last from those of equal name.

    Raises:
        InputError: for a network of other layers or sizes; nothing is set then.
    """
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
    """Raises an InputError where `start` is not the network that the config names."""
    received = start_fingerprint(start) if start else ""
    if config.train.start != received:
        raise InputError(
            f"start: expected the network (--from) of fingerprint {config.train.start or 'none'}; "
            f"received {received or 'none'}"
        )


def check_freeze(names: Sequence[str], last: str) -> None:
    """Raises an InputError unless `last` is one of the layers `names` and leaves another to train."""
    if last not in names[:-1]:
        raise InputError(
            f"freeze: expected a layer before the last, one of {', '.join(names[1:-1])}; received {last!r}"
        )


def freeze_layers(model: keras.Model, last: str) -> None:
    """Freezes the layers up to the one named `last`, itself included, before the model is compiled.

    A frozen batch normalisation normalises by the moments it has learnt (Keras's rule), so nothing of a
    frozen layer moves.
    """
    names = [layer.name for layer in model.layers]
    for layer in model.layers[: names.index(last) + 1]:
        layer.trainable = False


def _shapes(model: keras.Model) -> dict[str, list[tuple[int, ...]]]:
    """Shapes of the weights of each layer that has any, but for the head."""
    return {
        layer.name: [tuple(variable.shape) for variable in layer.weights]
        for layer in model.layers[:-1]
        if layer.weights
    }
