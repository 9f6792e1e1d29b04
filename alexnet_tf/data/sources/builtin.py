"""The built-in data set: synthetic shapes on textured backgrounds.

The same seed gives the same bytes on any machine, because pixels are computed from uniform random numbers by
correctly rounded operations of IEEE 754 (+ - * / sqrt, comparisons). Cosines and sines are exceptions: their
last bit depends on the platform, but rounding from float64 to float32 almost always removes this difference.
They must not be computed per pixel, because among so many values some would still differ.
"""

from collections.abc import Callable

import numpy as np

from alexnet_tf.runtime.errors import InputError

_SIZE = 32
# A multiple of the number of classes. The float32 arrays of such a chunk fit in a CPU's cache.
_IMAGES_PER_CHUNK = 200

# Ranges of hue, saturation and value.
_BAR_COLORS = ((0, 1), (0.2, 0.8), (0.1, 1))

_AXIS = np.arange(_SIZE, dtype=np.float32) - (_SIZE - 1) / 2
_X, _Y = _AXIS[None, None, :], -_AXIS[None, :, None]


def draw_builtin(
    train: int = 10_000, test: int = 2_000, seed: int = 0
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Draws the built-in data set: (images, labels) of the splits "train" and "test".

    Images are uint8 RGB [n, 32, 32, 3]. Labels are int64 [n], indices into `CLASS_NAMES`. Each split is
    class-balanced and shuffled, and does not depend on the size of the other.

    Raises:
        InputError: if a size is not a positive multiple of 10, or the seed is not a whole number >= 0.

    Example:

    >>> images, labels = draw_builtin(train=20, test=10)["train"]
    >>> images.shape, images.dtype.name, sorted(labels.tolist())[:4]
    ((20, 32, 32, 3), 'uint8', [0, 0, 1, 1])
    """
    classes = len(CLASS_NAMES)
    for name, count in (("train", train), ("test", test)):
        if not _is_whole(count) or count <= 0 or count % classes:
            raise InputError(f"{name}: expected a positive multiple of {classes}; received {count!r}")
    if not _is_whole(seed) or seed < 0:
        raise InputError(f"seed: expected a whole number >= 0; received {seed!r}")
    streams = np.random.SeedSequence(int(seed)).spawn(2)
    return {
        split: _draw_split(np.random.Generator(np.random.PCG64(stream)), int(count))
        for split, count, stream in zip(("train", "test"), (train, test), streams, strict=True)
    }


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _draw_split(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    images = np.empty((count, _SIZE, _SIZE, 3), np.uint8)
    labels = np.empty(count, np.int64)
    # Not Generator.permutation, whose algorithm NumPy may change.
    places = np.argsort(rng.random(count), kind="stable")
    for start in range(0, count, _IMAGES_PER_CHUNK):
        chunk = places[start : start + _IMAGES_PER_CHUNK]
        per_class = len(chunk) // len(CLASS_NAMES)
        images[chunk] = _draw_chunk(rng, per_class)
        labels[chunk] = np.repeat(np.arange(len(CLASS_NAMES)), per_class)
    return images, labels


def _draw_chunk(rng: np.random.Generator, per_class: int) -> np.ndarray:
    """`per_class` images of each class, in label order."""
    n = per_class * len(CLASS_NAMES)
    ground_hue, ground_value = _uniform(rng, n, 0, 1), _uniform(rng, n, 0.15, 0.95)
    shape_hue = ground_hue + _uniform(rng, n, 0.2, 0.8)
    darker, lighter = _uniform(rng, n, 0.3, 0.6), _uniform(rng, n, 0.3, 0.6)
    shape_value = np.where(ground_value > 0.55, ground_value * darker, ground_value + lighter)

    canvas = _ground(rng, ground_hue, ground_value)
    for _ in range(3):
        ends = [_uniform(rng, n, -17, 17) for _ in range(2)]
        ends += [end + _uniform(rng, n, -6, 6) for end in ends]
        _paint_bar(rng, canvas, ends, _uniform(rng, n, 0.6, 2.4))

    distance = _place_shapes(rng, per_class)
    canvas *= 1 - 0.3 * np.clip(1 - distance / 3.5, 0, 1)[:, None]
    _paint(canvas, _cover(distance), _fill(rng, shape_hue, shape_value))

    ends = [_uniform(rng, n, -16, 16) for _ in range(4)]
    # A radius below -0.5 covers no pixel, so about a third of the images get no bar here.
    _paint_bar(rng, canvas, ends, _uniform(rng, n, -1.5, 1.7))

    strength = _uniform(rng, n, 0.02, 0.16)[:, None]
    canvas += strength * (rng.random(canvas.shape, dtype=np.float32) - 0.5)
    pixels = (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.moveaxis(pixels, 1, 3)


def _uniform(rng: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    """One number per image, `[n, 1, 1]`."""
    return low + (high - low) * rng.random((n, 1, 1), dtype=np.float32)


def _direction(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * rng.random((n, 1, 1))
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _color(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """HSV (hue in turns, saturation and value in 0..1) as RGB `[n, 3, h, w]`."""
    turn = np.stack([hue, hue + 2 / 3, hue + 1 / 3], axis=1)
    turn -= np.floor(turn)
    pure = np.clip(np.abs(turn * 6 - 3) - 1, 0, 1)
    return value[:, None] * (1 - saturation[:, None] * (1 - pure))


def _paint(canvas: np.ndarray, cover: np.ndarray, color: np.ndarray) -> None:
    canvas += cover[:, None] * (color - canvas)


def _cover(distance: np.ndarray) -> np.ndarray:
    return np.clip(0.5 - distance, 0, 1)


def _paint_bar(
    rng: np.random.Generator, canvas: np.ndarray, ends: list[np.ndarray], radius: np.ndarray
) -> None:
    ax, ay, bx, by = ends
    px, py, dx, dy = _X - ax, _Y - ay, bx - ax, by - ay
    along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + 1e-3), 0, 1)
    distance = _length(px - along * dx, py - along * dy) - radius
    hue, saturation, value = (_uniform(rng, len(canvas), low, high) for low, high in _BAR_COLORS)
    _paint(canvas, _cover(distance), _color(hue, saturation, value))


def _ground(rng: np.random.Generator, hue: np.ndarray, value: np.ndarray) -> np.ndarray:
    n = len(hue)
    clouds = 0.65 * _clouds(rng, n, 4) + 0.35 * _clouds(rng, n, 11)
    cos, sin = _direction(rng, n)
    u, v = cos * _X + sin * _Y, cos * _Y - sin * _X
    period, offset = _uniform(rng, n, 5, 14), _uniform(rng, n, 0, 1)
    across, along = _stripes(u, period, offset), _stripes(v, period, offset)
    kind = np.floor(_uniform(rng, n, 0, 4))
    mix = np.select([kind == 0, kind == 1, kind == 2], [clouds, u / 40 + 0.5, across], across * along)
    mix = 0.75 * mix + 0.25 * clouds
    near = _color(hue, _uniform(rng, n, 0.1, 0.65), value * _uniform(rng, n, 0.85, 1.1))
    far = _color(hue + _uniform(rng, n, -0.1, 0.1), _uniform(rng, n, 0.1, 0.65), value * 0.7)
    return near + mix[:, None] * (far - near)


def _fill(rng: np.random.Generator, hue: np.ndarray, value: np.ndarray) -> np.ndarray:
    n = len(hue)
    cos, sin = _direction(rng, n)
    u = cos * _X + sin * _Y
    bands = _stripes(u, _uniform(rng, n, 3.5, 7), _uniform(rng, n, 0, 1)) - 0.5
    depth = np.maximum(_uniform(rng, n, -0.3, 0.3), 0)
    light = value * (1 + _uniform(rng, n, -0.01, 0.01) * u + depth * bands)
    return _color(hue, _uniform(rng, n, 0.35, 0.95), np.clip(light, 0, 1))


def _stripes(position: np.ndarray, period: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """A square wave with edges one pixel wide."""
    turn = position / period + offset
    wave = np.abs(turn - np.floor(turn) - 0.5) - 0.25
    return np.clip(wave * period + 0.5, 0, 1)


def _clouds(rng: np.random.Generator, n: int, cells: int) -> np.ndarray:
    heights = rng.random((n, cells + 1, cells + 1), dtype=np.float32)
    position = (np.arange(_SIZE, dtype=np.float32) + 0.5) * (cells / _SIZE)
    cell = position.astype(int)
    step = position - cell
    step = (step * step * (3 - 2 * step)).astype(np.float32)
    rows = heights[:, cell] + step[:, None] * (heights[:, cell + 1] - heights[:, cell])
    return rows[:, :, cell] + step * (rows[:, :, cell + 1] - rows[:, :, cell])


def _place_shapes(rng: np.random.Generator, per_class: int) -> np.ndarray:
    """Signed distance in pixels (negative inside) to the outline of each shape."""
    n = per_class * len(CLASS_NAMES)
    radius = _uniform(rng, n, 7, 13)
    slack = 15 - radius
    cx, cy = slack * _uniform(rng, n, -1, 1), slack * _uniform(rng, n, -1, 1)
    cos, sin = _direction(rng, n)
    px, py = (_X - cx) / radius, (_Y - cy) / radius
    u, v = cos * px + sin * py, cos * py - sin * px
    distance = np.empty_like(u)
    for label, name in enumerate(CLASS_NAMES):
        part = slice(label * per_class, (label + 1) * per_class)
        distance[part] = _OUTLINES[name](u[part], v[part])
    return distance * radius


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(x * x + y * y)


def _box(x: np.ndarray, y: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(0.8660254 * np.abs(x) + 0.5 * y, -y) - 0.55


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Signed distance to a star: the plane is folded onto half an arm, whose edge is a line segment."""
    x = np.abs(x)
    for kx in (0.80901699, -0.80901699):
        fold = 2 * np.maximum(kx * x - 0.58778525 * y, 0)
        x, y = x - fold * kx, y + fold * 0.58778525
    x, y = np.abs(x), y - 1.05
    ex, ey = 0.5 * 0.58778525, 0.5 * 0.80901699 - 1.05
    along = np.clip((x * ex + y * ey) / (ex * ex + ey * ey), 0, 1)
    outside = np.where(y * ex - x * ey > 0, 1, -1).astype(np.float32)
    return _length(x - along * ex, y - along * ey) * outside


def _crescent(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Signed distance to a crescent. Where a tip is the nearest point, `body` would be too small."""
    y = np.abs(y)
    horn_x, horn_y = 0.586, 0.7477
    at_horn = x * horn_y - y * horn_x > 0.45 * np.maximum(horn_y - y, 0)
    body = np.maximum(_length(x, y) - 0.95, 0.76 - _length(x - 0.45, y))
    return np.where(at_horn, _length(x - horn_x, y - horn_y), body)


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = np.abs(x), y + 0.12
    return np.minimum((x + np.abs(y) - 0.84) * 0.70710678, _length(x - 0.42, y - 0.42) - 0.594)


def _arrow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    head = np.maximum(0.8 * np.abs(x) + 0.6 * (y - 1), 0.05 - y)
    return np.minimum(head, _box(x, y + 0.4, 0.26, 0.55))


_OUTLINES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "disc": lambda x, y: _length(x, y) - 0.8,
    "ring": lambda x, y: np.abs(_length(x, y) - 0.7) - 0.2,
    "square": lambda x, y: _box(x, y, 0.72, 0.72),
    "triangle": _triangle,
    "cross": lambda x, y: np.minimum(_box(x, y, 0.95, 0.29), _box(x, y, 0.29, 0.95)),
    "star": _star,
    "crescent": _crescent,
    "heart": _heart,
    "arrow": _arrow,
    "clover": lambda x, y: _length(np.abs(x) - 0.43, np.abs(y) - 0.43) - 0.47,
}

CLASS_NAMES = tuple(_OUTLINES)
