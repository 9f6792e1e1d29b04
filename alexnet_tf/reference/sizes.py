from typing import Literal

# Pixels on each side, or ((top, bottom), (left, right)), or "valid" (no padding) or "same" as in TensorFlow.
Padding = int | Literal["valid", "same"] | tuple[tuple[int, int], tuple[int, int]]
Sides = tuple[int, int]


def output_size(
    size: int, window: int, stride: int = 1, padding: Sides = (0, 0), overhang: bool = False
) -> int:
    """Number of window positions along one axis.

        1 + floor((size + before + after - window) / stride)

    With `overhang` the quotient is rounded up, as in the authors' program (conv1: `1 + ceil((224 - 11) / 4) =
    55`) and in Caffe's pooling. The last window may then extend past the end, but it must start before the
    padding at the end.

    Args:
        size: length of the axis in pixels.
        window: length of the window.
        stride: `s` in section 3.4 of the paper.
        padding: pixels added before and after.
        overhang: round up.

    Raises:
        ValueError: if no window fits; if window or stride is below 1; with `overhang`, if the padding on one
            side is not shorter than the window.

    Example:

    >>> [output_size(227, 11, 4), output_size(55, 3, 2), output_size(224, 11, 4, overhang=True)]
    [55, 27, 55]
    """
    _check_steps(window, stride)
    if overhang and max(padding) >= window:
        raise ValueError(f"expected padding shorter than the window of {window}; received {padding}")
    longest = size + sum(padding) + (stride - 1 if overhang else 0)
    if window > longest:
        raise ValueError(f"expected a window of at most {longest} pixels; received {window}")
    count = 1 + (longest - window) // stride
    return count - (overhang and (count - 1) * stride >= size + padding[0])


def sides(
    padding: Padding, size: tuple[int, int], window: tuple[int, int], stride: int, overhang: bool = False
) -> tuple[Sides, Sides]:
    """Converts `padding` to numbers of pixels ((top, bottom), (left, right)).

    As in TensorFlow, `"same"` gives `ceil(size / stride)` window positions. If the padding of an axis is odd,
    the extra pixel is at the bottom or right. With `overhang`, the result includes the pixels that the last
    window needs past the end.

    Raises:
        ValueError: if the padding is negative or unknown, or as for `output_size`.

    Example:

    >>> sides("same", (5, 6), (3, 3), stride=2)
    ((1, 1), (0, 1))
    >>> sides("valid", (224, 224), (11, 11), stride=4, overhang=True)
    ((0, 3), (0, 3))
    """
    if padding == "same":
        return _same(size[0], window[0], stride), _same(size[1], window[1], stride)
    if padding == "valid":
        padding = 0
    if isinstance(padding, int):
        padding = ((padding, padding), (padding, padding))
    if isinstance(padding, str) or min(map(min, padding)) < 0:
        raise ValueError(f"expected 'valid', 'same' or pixel counts of at least 0; received {padding!r}")

    def covered(length: int, reach: int, sides: Sides) -> Sides:
        count = output_size(length, reach, stride, sides, overhang)
        missing = (count - 1) * stride + reach - (length + sum(sides))
        return sides[0], sides[1] + max(0, missing)

    return covered(size[0], window[0], padding[0]), covered(size[1], window[1], padding[1])


def _check_steps(window: int, stride: int) -> None:
    if window < 1 or stride < 1:
        raise ValueError(f"expected window and stride of at least 1; received {window} and {stride}")


def _same(size: int, window: int, stride: int) -> Sides:
    _check_steps(window, stride)
    total = max(0, (-(-size // stride) - 1) * stride + window - size)
    return total // 2, total - total // 2
