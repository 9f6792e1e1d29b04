"""Dictionaries of arrays in .npy files, read without executing anything.

Such a file holds a pickle, which can name any function to call on loading. Only what NumPy's own arrays
are made of is allowed here; anything else is refused by name.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.runtime.errors import InputError

# What pickles of arrays name, in NumPy 1 and 2 and from Python 2.
_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"a pickle that names {module}.{name}")
        return super().find_class(module, name)


def read_numpy_dictionary(path: Path) -> dict[str, np.ndarray]:
    """Reads a .npy file that holds a dictionary: layer -> [weight, bias], or name -> array.

    Returns:
        Named arrays; those of a layer as `layer.weight` and `layer.bias`.

    Raises:
        InputError: for a file that is missing or is no such dictionary.
    """
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _read_header_2
            shape, _, dtype = read_header(file)
            if shape != () or dtype != np.dtype(object):
                raise ValueError(f"an array of shape {shape} and type {dtype}")
            content = _ArraysOnly(file, encoding="latin1").load().item()
        return _named(content)
    except (OSError, ValueError, TypeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(
            f"expected a .npy file with a dictionary of arrays; received {path}: {error}"
        ) from error


def _read_header_2(file):
    return np.lib.format.read_array_header_2_0(file)


def _named(content: Any) -> dict[str, np.ndarray]:
    if not isinstance(content, dict):
        raise ValueError(f"a {type(content).__name__}")
    arrays: dict[str, np.ndarray] = {}
    for name, value in content.items():
        if isinstance(value, np.ndarray) and value.dtype != object:
            arrays[name] = value
            continue
        parts = list(value)
        if not 1 <= len(parts) <= 2:
            raise ValueError(f"{len(parts)} arrays for {name}")
        for part, kind in zip(parts, ("weight", "bias"), strict=False):
            arrays[f"{name}.{kind}"] = np.asarray(part)
            if arrays[f"{name}.{kind}"].dtype == object:
                raise ValueError(f"no array of numbers for {name}")
    return arrays
