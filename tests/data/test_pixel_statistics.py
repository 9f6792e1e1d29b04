import numpy as np
import pytest

from alexnet_tf.data import pixel_statistics as module
from alexnet_tf.data.pixel_statistics import PixelSums, pixel_statistics


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    rng = np.random.default_rng(0)
    colors = rng.normal(120, 30, (50, 1, 1, 3)) + rng.normal(0, 20, (50, 6, 5, 3))
    return np.clip(colors, 0, 255).astype(np.uint8)


def test_statistics_equal_numpys_results(images):
    found = pixel_statistics(images)

    pixels = images.reshape(-1, 3).astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    np.testing.assert_allclose(found.mean_image, images.mean(axis=0), rtol=1e-7)
    assert found.stddev == pytest.approx(np.sqrt(images.var(axis=0).mean()), rel=1e-12)
    np.testing.assert_allclose(found.eigenvalues, values[::-1], rtol=1e-6)
    np.testing.assert_allclose(np.abs(found.eigenvectors), np.abs(vectors[:, ::-1]), rtol=1e-5)


def test_sums_of_pixels_do_not_depend_on_chunks_or_order_and_can_be_subtracted(images, monkeypatch):
    whole = PixelSums.of(images)
    monkeypatch.setattr(module, "VALUES_AT_A_TIME", 200)
    shuffled = images[np.random.default_rng(1).permutation(50)]
    parts = PixelSums.of(shuffled[:17]) + PixelSums.of(shuffled[17:])
    rest = parts - PixelSums.of(shuffled[40:])

    assert parts.count == 50
    for found, expected in ((parts, whole), (rest, PixelSums.of(shuffled[:40]))):
        np.testing.assert_array_equal(found.sums, expected.sums)
        np.testing.assert_array_equal(found.products, expected.products)
        assert found.statistics().stddev == expected.statistics().stddev


def test_equal_pixels_have_standard_deviation_and_eigenvalue_0():
    statistics = pixel_statistics(np.full([3, 2, 2, 1], 7, np.uint8))

    assert statistics.stddev == 0
    assert statistics.eigenvalues.tolist() == [0]
