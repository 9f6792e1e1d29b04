"""Fixtures that the tests of data share."""

import numpy as np
import pytest


@pytest.fixture
def examples():
    """300 different images of 6x5x3, of three classes of unequal size in mixed order."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2], [200, 90, 10]))
    return rng.integers(0, 256, (300, 6, 5, 3)).astype(np.uint8), labels
