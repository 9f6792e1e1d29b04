"""Loads the weights of torchvision's AlexNet and Caffe's bvlc_alexnet into models.

Both store kernels [filters, channels, height, width] and matrices [outputs, inputs], and flatten feature maps
channel by channel; Keras flattens them position by position.
"""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from alexnet_tf.checkpoints.pickled_arrays import DAMAGED, load_arrays
from alexnet_tf.runtime.archives import open_npz
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE
from alexnet_tf.runtime.reading import open_file

TORCHVISION_NAMES = (
    "features.0", "features.3", "features.6", "features.8", "features.10", "classifier.1", "classifier.4",
    "classifier.6",
)  # fmt: skip
# The layers of this library's models have the same names.
CAFFE_NAMES = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
CONTAINERS = "an .npz or .safetensors file of named arrays, or a .npy file with a dictionary of arrays"


def load_torchvision(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Copies the weights of torchvision's AlexNet into a `one_weird_trick` model.

    Args:
        model: a model with as many classes, and as many inputs of fc6, as the arrays have. torchvision's own
            weights are for images of 224 x 224 pixels.
        arrays: the state dict as NumPy arrays, `features.0.weight`, `features.0.bias`, ... In PyTorch:
            `np.savez("alexnet.npz", **{k: v.detach().numpy() for k, v in model.state_dict().items()})`.

    Raises:
        InputError: if an array is missing, has the wrong shape, or is not finite in float32.
    """
    _set_layers(model, arrays, TORCHVISION_NAMES)


def load_caffe(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Copies the weights of Caffe's bvlc_alexnet into an `alexnet` model with the `CAFFE` config.

    Caffe reads images as BGR. The input channels of conv1 are reversed, so the model takes RGB.

    Args:
        model: `alexnet((227, 227, 3), 1000, presets.CAFFE)`.
        arrays: `conv1.weight`, `conv1.bias`, ..., `fc8.bias`, in Caffe's shapes.

    Raises:
        InputError: if an array is missing, has the wrong shape, or is not finite in float32.
    """
    arrays = dict(arrays)
    if "conv1.weight" in arrays and arrays["conv1.weight"].ndim == 4:
        arrays["conv1.weight"] = arrays["conv1.weight"][:, ::-1]
    _set_layers(model, arrays, CAFFE_NAMES)


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Reads named arrays from an .npz, .safetensors or .npy file; nothing in it is executed.

    Args:
        path: the file; its first bytes determine its kind. The dictionary in a .npy file maps either `conv1`
            etc. to [weight, bias], or names such as `conv1.weight` to arrays, as an .npz file does.

    Raises:
        InputError: if the file is missing, damaged, or of another kind.
    """
    path = Path(path)
    try:
        with open_file(path) as stream:
            start = stream.read(9)
    except OSError as error:
        raise InputError(f"expected {CONTAINERS}; received {path}: {error.strerror}") from error
    # Tested first, because the first eight bytes of a safetensors file, the length of its header, can look
    # like the start of a pickle.
    if start[8:] == b"{":
        try:
            return safetensors.numpy.load_file(path)
        except (SafetensorError, *UNREADABLE_ARCHIVE) as error:
            raise InputError(f"expected a .safetensors file of arrays; received {path}: {error}") from error
    is_torch = start.startswith(b"\x80") or (start.startswith(b"PK") and _is_torch_archive(path))
    if is_torch:
        raise InputError(
            f"expected {CONTAINERS}; received {path}, a file of PyTorch; with PyTorch, convert it by "
            f"`arrays = torch.load({str(path)!r}, weights_only=True)` and "
            f"`numpy.savez({str(path.with_suffix('.npz'))!r}, "
            "**{k: v.detach().numpy() for k, v in arrays.items()})`"
        )
    if start.startswith(b"\x93NUMPY"):
        return _read_numpy_dictionary(path)
    if not start.startswith(b"PK"):
        raise InputError(f"expected {CONTAINERS}; received {path}, which starts with {start!r}")
    try:
        with open_npz(path) as file:
            return {name: file[name] for name in file.files}
    except UNREADABLE_ARCHIVE as error:
        raise InputError(f"expected an .npz file of named arrays; received {path}: {error}") from error


def _is_torch_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith("data.pkl") for name in file.namelist())
    except UNREADABLE_ARCHIVE:
        return False


def _set_layers(model: keras.Model, arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
    layers = [model.get_layer(name) for name in CAFFE_NAMES]
    # All arrays are checked before the first weight is changed.
    converted = []
    for name, layer in zip(names, layers, strict=True):
        missing = [f"{name}.{part}" for part in ("weight", "bias") if f"{name}.{part}" not in arrays]
        if missing:
            other, model_name = TORCHVISION_NAMES, "one-weird-trick"
            if names == TORCHVISION_NAMES:
                other, model_name = CAFFE_NAMES, "alexnet-caffe"
            fits_other = all(f"{name}.weight" in arrays for name in other)
            way_out = f"; these are the names of --model {model_name}" * fits_other
            raise InputError(
                f"weights: expected an array {missing[0]}; received {', '.join(sorted(arrays))}{way_out}"
            )
        kernel, bias = arrays[f"{name}.weight"], arrays[f"{name}.bias"]
        received = f"{kernel.shape} and {bias.shape}"
        if kernel.ndim == 4 and kernel.shape == tuple(layer.kernel.shape):
            raise InputError(
                f"weights {name}: expected a kernel [filters, channels, height, width]; received "
                f"{kernel.shape}, the layout of TensorFlow (caffe-tensorflow writes it); give the arrays of "
                "the Caffe model"
            )
        for array in (kernel, bias):
            if array.dtype.kind not in "fiu" or not _is_finite_in_float32(array):
                raise InputError(
                    f"weights {name}: expected finite numbers in the range of float32; received "
                    f"other values, of type {array.dtype}"
                )
        if layer.name == "fc6":
            kernel = _flattened_by_position(kernel, model.get_layer("flatten").input.shape[1:])
        elif kernel.ndim == 4:
            kernel = kernel.transpose(2, 3, 1, 0)
        else:
            kernel = kernel.T
        expected = (tuple(layer.kernel.shape), tuple(layer.bias.shape))
        if (kernel.shape, bias.shape) != expected:
            raise InputError(
                f"weights {name}: expected a kernel [filters, channels, height, width] or [outputs, inputs] "
                f"and a bias that convert to those of {layer.name}, {expected[0]} and {expected[1]}; "
                f"received {received}"
            )
        converted.append([kernel, bias])
    for layer, values in zip(layers, converted, strict=True):
        layer.set_weights(values)


def _is_finite_in_float32(array: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.isfinite(array.astype(np.float32, copy=False)).all())


def _flattened_by_position(kernel: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """The kernel of fc6 in Keras's layout [inputs, outputs], for input maps of `shape`.

    A kernel of another size is only transposed; `_set_layers` then raises an error.
    """
    height, width, channels = shape
    if kernel.ndim != 2 or kernel.shape[1] != height * width * channels:
        return kernel.T
    maps = kernel.reshape(-1, channels, height, width)
    return maps.transpose(2, 3, 1, 0).reshape(height * width * channels, -1)


def _read_numpy_dictionary(path: Path) -> dict[str, np.ndarray]:
    formats = np.lib.format
    try:
        with open_file(path) as file:
            is_old = formats.read_magic(file) == (1, 0)
            read = formats.read_array_header_1_0 if is_old else formats.read_array_header_2_0
            shape, _, dtype = read(file)
            if shape != () or dtype != np.dtype(object):
                raise ValueError(f"an array of shape {shape} and type {dtype}")
            return _named(load_arrays(file))
    except (*UNREADABLE_ARCHIVE, *DAMAGED) as error:
        raise InputError(
            f"expected a .npy file with a dictionary of arrays; received {path}: {error}"
        ) from error


def _named(content: Any) -> dict[str, np.ndarray]:
    if not isinstance(content, dict):
        raise ValueError(f"a {type(content).__name__}")
    arrays: dict[str, np.ndarray] = {}
    for name, value in content.items():
        parts = [value] if _is_array(value) else value
        # NumPy must not convert `value`, because a pickled list can contain itself.
        if not isinstance(parts, list | tuple | np.ndarray) or not all(map(_is_array, parts[:3])):
            raise ValueError(f"no array of numbers for {name}")
        if not 1 <= len(parts) <= 2:
            raise ValueError(f"{len(parts)} arrays for {name}")
        names = [name] if parts is not value else [f"{name}.weight", f"{name}.bias"]
        arrays |= zip(names, parts, strict=False)
    return arrays


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype != object and value.size > 0
