"""Makes the content of Keras files, and rebuilds networks from such files."""

import io
import json
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras.src.saving import saving_lib

from alexnet_tf.config.fields import Config
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.archives import check_weights_file


def model_file(model: keras.Model, metadata: dict[str, Any] | None = None) -> bytes:
    """The content of a `.keras` file of a functional or built sequential model.

    Args:
        metadata: entry `alexnet_tf` to add to the metadata.json in the file.
    """
    # Without the optimizer, whose variables make the file two or three times as large.
    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    buffer = io.BytesIO()
    # `Model.save` writes to paths only.
    saving_lib.save_model(bare, buffer)
    if not metadata:
        return buffer.getvalue()
    whole = io.BytesIO()
    with zipfile.ZipFile(buffer) as plain, zipfile.ZipFile(whole, "w") as file:
        for name in plain.namelist():
            content = plain.read(name)
            if name == "metadata.json":
                content = json.dumps({**json.loads(content), "alexnet_tf": metadata}).encode()
            file.writestr(name, content)
    return whole.getvalue()


def weights_file(model: keras.Model) -> bytes:
    """The content of a model's `.weights.h5` file."""
    with zipfile.ZipFile(io.BytesIO(model_file(model))) as file:
        return file.read("model.weights.h5")


def rebuilt(config: Config, input_shape: tuple[int, int, int], classes: int, weights: Path) -> keras.Model:
    """Builds the network of a configuration and reads its weights from a file.

    Args:
        input_shape: (height, width, channels).
        weights: a `.weights.h5` or `.keras` file.

    Raises:
        one of `UNREADABLE_ARCHIVE`: if the file is damaged or too small for the weights, unpacks to much
            more than its size, or has the weights of another network.
    """
    check_weights_file(weights)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        # The size is checked before weights are allocated, because a configuration can describe a network of
        # any size.
        with weightless():
            model = build_model(config.model, input_shape, classes)
        size = 4 * sum(math.prod(weight.shape) for weight in model.weights)
        if size > weights.stat().st_size:
            raise ValueError(
                f"expected at least {size:,} bytes of weights; received {weights.stat().st_size:,}"
            )
        model = build_model(config.model, input_shape, classes)
    finally:
        keras.config.set_dtype_policy(policy)
    with warnings.catch_warnings():
        # Keras warns of missing weights, then raises an error for them.
        warnings.simplefilter("ignore", UserWarning)
        model.load_weights(weights)
    return model


def has_finite_weights(model: keras.Model) -> bool:
    """Whether every weight is a finite number.

    Example:

    >>> model = keras.Sequential([keras.Input([2]), keras.layers.Dense(3)])
    >>> has_finite_weights(model)
    True
    """
    # In float64, because the sum of finite weights may exceed the range of float32. `.value.numpy()` works
    # for mirrored variables too.
    return all(math.isfinite(weight.value.numpy().sum(dtype=np.float64)) for weight in model.weights)
