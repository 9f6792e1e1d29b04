import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def examples():
    """300 different images of 6x5x3, of three classes of unequal size in mixed order."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2], [200, 90, 10]))
    return rng.integers(0, 256, (300, 6, 5, 3)).astype(np.uint8), labels


@pytest.fixture
def photo() -> Image.Image:
    """A smooth picture, 40 wide and 30 high, that JPEG keeps well."""
    down, across = np.mgrid[0:30, 0:40]
    pixels = np.stack([across * 6, down * 8, 255 - across * 3 - down * 4], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))
