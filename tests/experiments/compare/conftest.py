import shutil

import pytest

from tests.experiments.made_up_results import pooling_results, speed_results


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A results directory with the made-up runs of `speed` and `pooling`."""
    root = tmp_path_factory.mktemp("original")
    speed_results(root / "builtin" / "speed")
    pooling_results(root / "builtin" / "pooling")
    return root


@pytest.fixture
def trees(original, tmp_path):
    """Two results directories with the same rows."""
    return tuple(shutil.copytree(original, tmp_path / name) for name in ("results", "runs"))
