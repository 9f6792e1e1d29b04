import numpy as np
import pytest

from alexnet_tf.reference import conv2d, dense


def loop_conv2d(images, kernel, bias, stride, top, left, bottom, right, groups):
    batch, height, width, channels = images.shape
    kernel_height, kernel_width, inputs, filters = kernel.shape
    rows = (height + top + bottom - kernel_height) // stride + 1
    columns = (width + left + right - kernel_width) // stride + 1
    output = np.empty((batch, rows, columns, filters))
    for b, row, column, f in np.ndindex(*output.shape):
        first_channel = f // (filters // groups) * (channels // groups)
        total = bias[f]
        for i, j, c in np.ndindex(kernel_height, kernel_width, inputs):
            y, x = row * stride + i - top, column * stride + j - left
            if 0 <= y < height and 0 <= x < width:
                total += images[b, y, x, first_channel + c] * kernel[i, j, c, f]
        output[b, row, column, f] = total
    return output


def random_case(seed, size, window, channels, filters, groups):
    generator = np.random.default_rng(seed)
    return (
        generator.normal(size=(2, *size, channels)),
        generator.normal(size=(*window, channels // groups, filters)),
        generator.normal(size=filters),
    )


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 0), (2, 1))])
def test_conv2d_equals_loops(groups, stride, padding):
    images, kernel, bias = random_case(0, (5, 6), (3, 2), 4, 6, groups)
    (top, bottom), (left, right) = padding
    expected = loop_conv2d(images, kernel, bias, stride, top, left, bottom, right, groups)
    output = conv2d(images, kernel, bias, stride, padding, groups)
    assert output.shape == expected.shape
    np.testing.assert_allclose(output, expected, rtol=1e-12, atol=1e-13)


def test_same_and_overhang_equal_explicit_padding():
    case = random_case(2, (8, 9), (3, 3), 2, 4, 1)
    np.testing.assert_array_equal(conv2d(*case, 2, "same"), conv2d(*case, 2, ((0, 1), (1, 1))))
    np.testing.assert_array_equal(conv2d(*case, 2, overhang=True), conv2d(*case, 2, ((0, 1), (0, 0))))


def test_channels_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"expected 8 channels .* 2; received 6 "):
        conv2d(np.zeros((1, 4, 4, 6)), np.zeros((3, 3, 4, 2)), groups=2)
    with pytest.raises(ValueError, match="received 8 channels and 3 filters"):
        conv2d(np.zeros((1, 4, 4, 8)), np.zeros((3, 3, 4, 3)), groups=2)


def test_dense_flattens_with_channels_last():
    # Two rows of one pixel with two channels: inputs 0..3 in the order row 0 (c0, c1), row 1 (c0, c1).
    values = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 1, 2)
    kernel = np.array([[1.0], [10.0], [100.0], [1000.0]])
    assert dense(values, kernel, np.array([0.5])).tolist() == [[4321.5]]
    assert dense(values, kernel).tolist() == [[4321.0]]
