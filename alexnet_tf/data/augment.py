"""Training-time augmentation as pure functions of images and random numbers ("draws").

Crop, horizontal flip and colour noise come from the paper (section 4.1). The rest is for other recipes.

`epoch_draws` computes the random numbers of each example from (seed, epoch, index of the example). So the
augmentation of an image depends neither on its batch nor on where an interrupted run was resumed. Keras's
layers (RandomFlip, RandomRotation, ...) are not used, because their random numbers depend on both.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from keras import ops

COLOR_NOISE_STDDEV = 0.1
CODE_COLOR_DIVISOR = 1.1
GREY_LEVELS = 255.0


class Draws(NamedTuple):
    """Random numbers for augmentation, one row per example. Uniform numbers are in [0, 1).

    Attributes:
        crop: uniform [n, 2], vertical and horizontal.
        flip: uniform [n].
        color: standard normal [n, 3], one for each principal component.
        vertical_flip: uniform [n].
        rotation: uniform [n].
        brightness: uniform [n].
        noise: int32 [n, 2], seed of each example's Gaussian noise.
    """

    crop: tf.Tensor
    flip: tf.Tensor
    color: tf.Tensor
    vertical_flip: tf.Tensor
    rotation: tf.Tensor
    brightness: tf.Tensor
    noise: tf.Tensor


def epoch_draws(seed: int, epoch: int, count: int) -> Draws:
    """Draws for all `count` examples of an epoch; row i belongs to example i of the data set.

    Example:

    >>> draws = epoch_draws(seed=0, epoch=1, count=4)
    >>> draws.crop.shape, draws.flip.shape, draws.color.shape
    (TensorShape([4, 2]), TensorShape([4]), TensorShape([4, 3]))
    """
    key = tf.random.fold_in([seed, 0], epoch)
    uniform = tf.random.stateless_uniform([count, 3], tf.random.fold_in(key, 0))
    normal = tf.random.stateless_normal([count, 3], tf.random.fold_in(key, 1))
    more = tf.random.stateless_uniform([count, 3], tf.random.fold_in(key, 2))
    seeds = tf.random.stateless_uniform([count, 2], tf.random.fold_in(key, 3), None, None, tf.int32)
    return Draws(
        crop=uniform[:, :2],
        flip=uniform[:, 2],
        color=normal,
        vertical_flip=more[:, 0],
        rotation=more[:, 1],
        brightness=more[:, 2],
        noise=seeds,
    )


def random_crop(images: tf.Tensor, draws: tf.Tensor, side: int) -> tf.Tensor:
    """Crops a random square of `side` pixels from each image [n, h, w, c].

    The draws [n, 2], vertical and horizontal, are uniform in [0, 1).

    Example:

    >>> images = tf.reshape(tf.range(9), [1, 3, 3, 1])
    >>> random_crop(images, tf.constant([[0.0, 0.99]]), side=2)[0, :, :, 0].numpy().tolist()
    [[1, 2], [4, 5]]
    """
    height, width = images.shape[1], images.shape[2]
    offsets = tf.cast(draws * tf.constant([height - side + 1, width - side + 1], tf.float32), tf.int32)
    return _compiled(_cut)(images, offsets, side)


def center_crop(images: tf.Tensor, side: int) -> tf.Tensor:
    """Crops the central square of `side` pixels from images [n, h, w, c]."""
    top, left = (images.shape[1] - side) // 2, (images.shape[2] - side) // 2
    return images[:, top : top + side, left : left + side]


def random_flip(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Flips images [n, h, w, c] horizontally where the draw [n], uniform in [0, 1), is below 1/2."""
    return _compiled(_mirror)(images, draws < 0.5)


def color_shift(draws: tf.Tensor, components: tf.Tensor) -> tf.Tensor:
    """`[p1 p2 p3] [a1 s1, a2 s2, a3 s3]^T` for each image: [n, c] (paper, section 4.1).

    The factors a_i are normal with mean 0 and standard deviation .1.

    Args:
        draws: standard normal, [n, 3]; the first c of each row are used.
        components: [c, c]; column i is eigenvector p_i times its scale s_i, in the units of the images.
    """
    channels = components.shape[0]
    amounts = COLOR_NOISE_STDDEV * draws[:, :channels]
    # Not a matrix product, whose order of summation may depend on the number of images.
    return sum(amounts[:, i : i + 1] * components[:, i] for i in range(channels))


def add_color_noise(images: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Adds the `color_shift` [n, c] of each image to all pixels of images [n, h, w, c]."""
    return images + shift[:, tf.newaxis, tf.newaxis, :]


def _cut(images: tf.Tensor, offsets: tf.Tensor, side: int) -> tf.Tensor:
    steps = tf.range(side)[tf.newaxis]
    rows = tf.gather(images, offsets[:, :1] + steps, axis=1, batch_dims=1)
    return tf.gather(rows, offsets[:, 1:] + steps, axis=2, batch_dims=1)


def _mirror(images: tf.Tensor, mirrored: tf.Tensor) -> tf.Tensor:
    return tf.where(mirrored[:, tf.newaxis, tf.newaxis, tf.newaxis], images[:, :, ::-1], images)


def random_vertical_flip(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Flips images [n, h, w, c] vertically where the draw [n], uniform in [0, 1), is below 1/2."""
    return tf.where((draws < 0.5)[:, tf.newaxis, tf.newaxis, tf.newaxis], images[:, ::-1], images)


def random_rotation(images: tf.Tensor, draws: tf.Tensor, degrees: float) -> tf.Tensor:
    """Rotates images [n, h, w, c] about their centres by random angles in -degrees..degrees.

    The draws [n] are uniform in [0, 1). They are mapped linearly to angles: a draw of 0 means `degrees`
    clockwise, and 1 means `degrees` counter-clockwise. Interpolation is bilinear; points outside the image
    are filled with 0.

    Example:

    >>> image = tf.constant([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    >>> random_rotation(image, tf.constant([1.0]), degrees=90)[0, :, :, 0].numpy().round(4).tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """
    # In float64, because the last digit of a float32 cosine depends on the position in the batch.
    angles = (2 * tf.cast(draws, tf.float64) - 1) * (math.pi * degrees / 180)
    cos, sin = tf.cos(angles), tf.sin(angles)
    x, y = (images.shape[2] - 1) / 2, (images.shape[1] - 1) / 2
    zero = tf.zeros_like(cos)
    # Entries of [a0 a1 a2; b0 b1 b2], which maps an output pixel to its source (x to the right, y down).
    rows = [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, zero, zero]
    matrices = tf.cast(tf.stack(rows, axis=1), tf.float32)
    return ops.image.affine_transform(
        images, matrices, interpolation="bilinear", fill_mode="constant", fill_value=0
    )


def add_brightness(images: tf.Tensor, draws: tf.Tensor, brightness: float) -> tf.Tensor:
    """Adds one random number per image, uniform within +-255 * `brightness`, to images [n, h, w, c].

    The draws [n] are uniform in [0, 1). The result is not clipped to 0..255, because the mean image has
    already been subtracted.

    Example:

    >>> add_brightness(tf.zeros([1, 1, 1, 1]), tf.constant([0.75]), brightness=0.2).numpy().item()
    25.5
    """
    shift = (2 * draws - 1) * (GREY_LEVELS * brightness)
    return images + shift[:, tf.newaxis, tf.newaxis, tf.newaxis]


def add_gaussian_noise(images: tf.Tensor, seeds: tf.Tensor, stddev: float) -> tf.Tensor:
    """Adds Gaussian noise to each value of images [n, h, w, c]; seeds are int32 [n, 2].

    The standard deviation `stddev` is in grey levels.
    """
    shape = images.shape[1:]
    # Noise drawn for a whole batch would depend on the batch.
    noise = tf.map_fn(
        lambda seed: tf.random.stateless_normal(shape, seed), seeds, fn_output_signature=tf.float32
    )
    return images + stddev * noise


def compiled(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Compiles a function with XLA. On a CPU it is then several times faster, with identical results.

    If a GPU is visible, the function is returned unchanged, so that no GPU compiler has to be installed.
    """
    if tf.config.get_visible_devices("GPU"):
        return function
    return tf.function(function, jit_compile=True, autograph=False)


_compiled = functools.cache(compiled)
