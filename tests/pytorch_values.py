"""Values that PyTorch computed once, with `fixtures/make_pytorch_values.py`."""

from pathlib import Path

import numpy as np


def pytorch_values(name: str, case: str = "") -> dict[str, np.ndarray]:
    """The arrays of `pytorch_<name>.npz`, by name; with `case`, those named `<case>.<key>`, by `<key>`."""
    prefix = f"{case}." if case else ""
    with np.load(Path(__file__).parent / "fixtures" / f"pytorch_{name}.npz") as arrays:
        return {key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)}


def alexnet_weights(values: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [values[f"weight{index:02}"] for index in range(16)]
