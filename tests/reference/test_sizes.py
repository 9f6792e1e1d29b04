import itertools
import math

import pytest

from alexnet_tf.reference import alexnet_weight_shapes, output_size, sides


def count_windows(size, window, stride, before, after, overhang):
    end = size + after
    count = 0
    for start in range(-before, end, stride):
        if start + window <= end or (overhang and start < size):
            count += 1
        if start + window >= end:
            break
    return count


@pytest.mark.parametrize("overhang", [False, True])
def test_the_output_size_equals_a_count_of_windows(overhang):
    for size, window, stride, before, after in itertools.product(
        range(1, 12), range(1, 5), range(1, 5), (0, 1), (0, 1)
    ):
        too_long = window >= size + before + after + (stride if overhang else 1)
        if too_long or (overhang and max(before, after) >= window):
            continue
        received = output_size(size, window, stride, (before, after), overhang)
        expected = count_windows(size, window, stride, before, after, overhang)
        assert received == expected, (size, window, stride, before, after)


def test_the_output_size_with_overhang_equals_caffes_rule():
    # The rule of Caffe's PoolingLayer::Reshape, which requires padding shorter than the window. There is one
    # exception: without padding, Caffe keeps a window that starts beyond the image. PyTorch and this project
    # drop it.
    for size, window, stride in itertools.product(range(1, 30), range(1, 14), range(1, 6)):
        for pad in range(min(window, 4)):
            expected = math.ceil((size + 2 * pad - window) / stride) + 1
            if (expected - 1) * stride >= size + pad:
                expected -= 1
            try:
                received = output_size(size, window, stride, (pad, pad), overhang=True)
            except ValueError:
                received = 0
            assert received == max(expected, 0), (size, window, stride, pad)


@pytest.mark.parametrize(
    ("size", "window", "stride", "expected"),
    [
        (5, 3, 1, (1, 1)),
        (5, 3, 2, (1, 1)),
        (6, 3, 2, (0, 1)),
        (6, 4, 1, (1, 2)),
        (5, 1, 2, (0, 0)),
        (224, 11, 4, (3, 4)),
    ],
)
def test_same_padding_equals_the_padding_of_tensorflow(size, window, stride, expected):
    # TensorFlow's rule: ceil(size / stride) windows; the smaller half of the padding is at the top and left.
    assert sides("same", (size, size), (window, window), stride) == (expected, expected)
    assert output_size(size, window, stride, expected) == -(-size // stride)


def test_weight_shapes_equal_the_papers_shapes():
    shapes = alexnet_weight_shapes()
    kernels, biases = shapes[::2], shapes[1::2]
    assert kernels == [
        (11, 11, 3, 96), (5, 5, 48, 256), (3, 3, 256, 384), (3, 3, 192, 384), (3, 3, 192, 256),
        (9216, 4096), (4096, 4096), (4096, 1000),
    ]  # fmt: skip
    assert biases == [(96,), (256,), (384,), (384,), (256,), (4096,), (4096,), (1000,)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 5), "expected .* 3 pixels; received 5"),
        ((5, 11, 4, (0, 0), True), "expected .* 8 pixels; received 11"),
        ((1, 1, 5, (0, 10), True), "expected padding shorter than the window of 1"),
        ((3, 0), "expected .* 1; received 0 and 1"),
        ((3, 3, 0), "expected .* 1; received 3 and 0"),
    ],
)
def test_windows_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        output_size(*arguments)


@pytest.mark.parametrize("padding", ["same", "valid", 1])
@pytest.mark.parametrize(("window", "stride"), [(3, 0), (0, 1)])
def test_windows_and_strides_below_one_are_refused_with_any_padding(padding, window, stride):
    with pytest.raises(ValueError, match=f"at least 1; received {window} and {stride}"):
        sides(padding, (5, 5), (window, window), stride)


@pytest.mark.parametrize("padding", [-1, ((0, 0), (0, -1)), "full"])
def test_bad_padding_is_refused(padding):
    with pytest.raises(ValueError, match="expected 'valid', 'same' or pixel counts"):
        sides(padding, (5, 5), (3, 3), 1)
