import numpy as np
import pytest

from alexnet_tf.reference import local_response_normalization, spatial_response_normalization


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 20])
@pytest.mark.parametrize("divide_alpha", [False, True])
def test_lrn_equals_loops(n, divide_alpha):
    a = np.random.default_rng(n).normal(size=(2, 3, 8))
    alpha = 0.7 / n if divide_alpha else 0.7
    b = local_response_normalization(a, n, 1.5, 0.7, 0.6, divide_alpha)
    for position in np.ndindex(2, 3):
        row = a[position]
        for i in range(8):
            total = 0.0
            for j in range(8):
                if -(n // 2) <= j - i < n - n // 2:
                    total += row[j] ** 2
            expected = row[i] / (1.5 + alpha * total) ** 0.6
            assert b[position][i] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("divide_alpha", [False, True])
def test_spatial_equals_loops(window, divide_alpha):
    a = np.random.default_rng(window).normal(size=(2, 4, 5, 3))
    b = spatial_response_normalization(a, window, 1.5, 0.7, 0.6, divide_alpha)
    alpha = 0.7 / window**2 if divide_alpha else 0.7
    for n, y, x, c in np.ndindex(*a.shape):
        total = 0.0
        for i in range(y - window // 2, y - window // 2 + window):
            for j in range(x - window // 2, x - window // 2 + window):
                if 0 <= i < 4 and 0 <= j < 5:
                    total += a[n, i, j, c] ** 2
        assert b[n, y, x, c] == pytest.approx(a[n, y, x, c] / (1.5 + alpha * total) ** 0.6, rel=1e-13)


def test_spatial_defaults_equal_the_defaults_of_the_authors():
    # All values are 50. The 5x5 window at the centre holds 25 of them, so the divisor is
    # (1 + 1e-3 / 25 * 25 * 2500)^.75 = 3.5^.75 = 2.5589. At a corner, the window holds 9 of them, so the
    # divisor is (1 + 1e-3 / 25 * 9 * 2500)^.75 = 1.9^.75 = 1.6183.
    b = spatial_response_normalization(np.full((1, 5, 5, 2), 50.0))
    np.testing.assert_allclose(b[0, 2, 2], 50 / 2.5589, rtol=1e-4)
    np.testing.assert_allclose(b[0, 0, 4], 50 / 1.6183, rtol=1e-4)
