import numpy as np
import pytest

from alexnet_tf.reference import average_pool, max_pool


def loop_pool(images, reduce, size, stride, top, left, rows, columns):
    """Reduces each window over its pixels that are inside the image."""
    batch, height, width, channels = images.shape
    output = np.empty((batch, rows, columns, channels))
    for b, row, column, c in np.ndindex(*output.shape):
        y, x = row * stride - top, column * stride - left
        inside = [
            images[b, i, j, c]
            for i in range(max(0, y), min(height, y + size))
            for j in range(max(0, x), min(width, x + size))
        ]
        output[b, row, column, c] = reduce(inside)
    return output


# For images of 7 x 8 pixels. Along the 8 pixels, windows of size 3 and stride 2 start at 0, 2, 4 and, with
# overhang, 6.
CASES = [
    ({"size": 3, "stride": 2}, 0, 0, 3, 3),
    ({"size": 3, "stride": 2, "overhang": True}, 0, 0, 3, 4),
    ({"size": 2, "stride": 2}, 0, 0, 3, 4),
    ({"size": 2, "stride": 2, "overhang": True}, 0, 0, 4, 4),
    ({"size": 3, "stride": 1}, 0, 0, 5, 6),
    ({"size": 3, "stride": 2, "padding": "same"}, 1, 0, 4, 4),
    ({"size": 3, "stride": 2, "padding": 1}, 1, 1, 4, 4),
    ({"size": 3, "stride": 2, "padding": ((1, 0), (1, 0))}, 1, 1, 3, 4),
]


@pytest.mark.parametrize(("arguments", "top", "left", "rows", "columns"), CASES)
def test_pooling_equals_loops(arguments, top, left, rows, columns):
    # All values are negative, so that a zero from outside the image would be the maximum or raise the mean.
    images = -1 - np.random.default_rng(0).random((2, 7, 8, 3))
    size, stride = arguments["size"], arguments["stride"]
    expected = loop_pool(images, max, size, stride, top, left, rows, columns)
    np.testing.assert_array_equal(max_pool(images, **arguments), expected)
    expected = loop_pool(images, np.mean, size, stride, top, left, rows, columns)
    np.testing.assert_allclose(average_pool(images, **arguments), expected, rtol=1e-14)


def test_window_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match=r"expected .* 2 pixels; received 3"):
        max_pool(np.zeros((1, 2, 2, 1)))
