"""Reads the values in `fixtures` that PyTorch computed once (with `make_pytorch_values.py`)."""

from pathlib import Path

import numpy as np


def pytorch_values(name: str, case: str = "") -> dict[str, np.ndarray]:
    """The arrays of `pytorch_<name>.npz`; with a case, only arrays named `<case>.*`, without this prefix."""
    prefix = f"{case}." if case else ""
    with np.load(Path(__file__).parent / "fixtures" / f"pytorch_{name}.npz") as arrays:
        return {key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)}


def alexnet_weights(values: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The 16 weight arrays of the narrow AlexNet in `pytorch_values("alexnet")`."""
    return [values[f"weight{index:02}"] for index in range(16)]
