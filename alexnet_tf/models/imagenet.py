"""Preprocessing and decoding of predictions for ImageNet networks, as in `keras.applications`."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from alexnet_tf.runtime.errors import InputError

# Mean of ImageNet's training pixels (red, green, blue; 0..255), as used by Simonyan and Zisserman (VGG, 2014)
# and by Keras in `caffe` mode.
MEAN_RGB = (123.68, 116.779, 103.939)
IMAGENET_CLASSES = 1000

# The most probable classes of an image with their probabilities, best first.
Prediction = list[tuple[str, float]]


def preprocess_input(x: Any, data_format: str | None = None, *, mean: Any = MEAN_RGB) -> Any:
    """Subtracts the mean from images, as input for `AlexNet(...)` (paper, section 2).

    The signature is that of `preprocess_input` in `keras.applications`, plus `mean`. The paper subtracts the
    mean image of ImageNet's training set; pass that image as `mean` if you have it. The default is ImageNet's
    mean colour.

    Args:
        x: RGB values 0..255, [height, width, 3] or [n, height, width, 3]; an array or a Keras tensor of any
            dtype.
        data_format: None or "channels_last".
        mean: [3], or [height, width, 3] with the height and width of the images.

    Returns:
        float32 with the shape of `x`; an array if `x` is an array. `x` is not modified.

    Raises:
        InputError: for another data format, or another shape of the images or the mean.

    Example:

    >>> print(preprocess_input(np.full((1, 1, 3), 128)).round(2))
    [[[ 4.32 11.22 24.06]]]
    """
    if data_format not in (None, "channels_last"):
        raise InputError(f"preprocess_input: expected data_format='channels_last'; received {data_format!r}")
    mean = np.asarray(mean, np.float32)
    shape = tuple(x.shape)
    if len(shape) not in (3, 4) or shape[-1] != 3:
        raise InputError(
            f"preprocess_input: expected images [height, width, 3] or [n, height, width, 3]; "
            f"received {list(shape)}"
        )
    if mean.shape != (3,) and mean.shape != shape[-3:]:
        raise InputError(
            f"preprocess_input: expected a mean [3] or {list(shape[-3:])}; received {list(mean.shape)}"
        )
    if isinstance(x, np.ndarray):
        return x.astype(np.float32) - mean
    return ops.cast(x, "float32") - mean


def decode_predictions(
    probabilities: Any,
    top: int = 5,
    class_names: Sequence[str] | None = None,
    words: Mapping[str, str] | None = None,
) -> list[list[tuple[str, str, float]]]:
    """The most probable classes of each image, best first: (name, description, score).

    Args:
        probabilities: [n, classes].
        top: number of classes to return for each image, at most the number of classes.
        class_names: names in the order of the outputs, such as `load_trained(folder).class_names`. The
            default is the 1000 classes of ImageNet in Keras's order; Keras downloads their list once.
        words: class name -> description; the default description of a class is its name. Without
            `class_names`, the descriptions are Keras's, and `words` is ignored.

    Raises:
        InputError: if `probabilities` has another shape, or Keras cannot download its list of classes.

    Example:

    >>> decode_predictions(np.array([[0.2, 0.7, 0.1]]), 2, ["cat", "dog", "owl"], {"dog": "a dog"})
    [[('dog', 'a dog', 0.7), ('cat', 'cat', 0.2)]]
    """
    probabilities = ops.convert_to_numpy(probabilities)
    classes = IMAGENET_CLASSES if class_names is None else len(class_names)
    if probabilities.ndim != 2 or probabilities.shape[1] != classes:
        raise InputError(
            f"decode_predictions: expected probabilities [n, {classes}]; received {list(probabilities.shape)}"
        )
    if class_names is None:
        return _with_keras_names(probabilities, top)
    words = words or {}
    named = [(name, words.get(name, name)) for name in class_names]
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    return [
        [(*named[i], float(row[i])) for i in places] for row, places in zip(probabilities, best, strict=True)
    ]


def _with_keras_names(probabilities: np.ndarray, top: int) -> list[list[tuple[str, str, float]]]:
    try:
        decoded = keras.applications.imagenet_utils.decode_predictions(probabilities, top)
    except Exception as error:  # Keras raises a plain Exception if its download fails
        raise InputError(
            f"decode_predictions: expected class_names, or internet access to download Keras's list of "
            f"ImageNet's classes; received {' '.join(str(error).split())}"
        ) from error
    return [[(name, words, float(score)) for name, words, score in row] for row in decoded]
