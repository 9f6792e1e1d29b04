"""The kernels of oneDNN, which the package switches on, give the update that TensorFlow's own give."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models.test_alexnet_replicas import batch, updated


def updates_with(onednn: str, path: Path) -> list[np.ndarray]:
    """The changes of all weights by one step, in a process of its own: the switch is read once."""
    command = [sys.executable, "-m", "tests.models.test_alexnet_onednn", str(path)]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=600, env=environment)
    with np.load(path) as file:
        return [file[name] for name in file.files]


@pytest.mark.slow
def test_onednn_updates_alexnet_as_tensorflows_own_kernels_do(tmp_path):
    without, with_it = (updates_with(switch, tmp_path / f"{switch}.npz") for switch in "01")

    assert len(without) == len(with_it) == 16
    for plain, fast in zip(without, with_it, strict=True):
        scale = np.abs(plain).max()
        assert scale > 0
        # Sums in another order: a few roundings of float32.
        np.testing.assert_allclose(fast, plain, atol=2e-5 * scale, rtol=0)
    assert any((plain != fast).any() for plain, fast in zip(without, with_it, strict=True))


if __name__ == "__main__":
    np.savez(sys.argv[1], *updated("1", *batch()))
