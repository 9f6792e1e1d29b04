"""Training-time augmentation (paper, section 4.1) as pure functions of images and random draws.

Nothing here holds a random state. `epoch_draws` gives every example of an epoch its own row of
numbers, a function of (seed, epoch, index of the example), so the augmentation of an image depends
neither on the batch it falls into nor on where an interrupted run went on.
"""

from typing import NamedTuple

import tensorflow as tf

COLOR_NOISE_STDDEV = 0.1
CODE_COLOR_DIVISOR = 1.1


class Draws(NamedTuple):
    """Random numbers of examples, one row each.

    Attributes:
        crop: uniform in [0, 1), shape [n, 2], vertical and horizontal.
        flip: uniform in [0, 1), shape [n].
        color: standard normal, shape [n, 3], one for each principal component.
    """

    crop: tf.Tensor
    flip: tf.Tensor
    color: tf.Tensor


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
    return Draws(crop=uniform[:, :2], flip=uniform[:, 2], color=normal)


def pad_images(images: tf.Tensor, pad: int) -> tf.Tensor:
    """Adds `pad` zeros on each side of images [n, h, w, c]."""
    return tf.pad(images, [[0, 0], [pad, pad], [pad, pad], [0, 0]])


def random_crop(images: tf.Tensor, draws: tf.Tensor, side: int) -> tf.Tensor:
    """Cuts a square from each image, every offset equally likely.

    Args:
        images: [n, h, w, c].
        draws: uniform in [0, 1), [n, 2].
        side: height and width of the crop, in pixels, at most h and w.

    Example:

    >>> images = tf.reshape(tf.range(9), [1, 3, 3, 1])
    >>> random_crop(images, tf.constant([[0.0, 0.99]]), side=2)[0, :, :, 0].numpy().tolist()
    [[1, 2], [4, 5]]
    """
    height, width = images.shape[1], images.shape[2]
    offsets = tf.cast(draws * tf.constant([height - side + 1, width - side + 1], tf.float32), tf.int32)
    steps = tf.range(side)[tf.newaxis]
    rows = tf.gather(images, offsets[:, :1] + steps, axis=1, batch_dims=1)
    return tf.gather(rows, offsets[:, 1:] + steps, axis=2, batch_dims=1)


def center_crop(images: tf.Tensor, side: int) -> tf.Tensor:
    """Cuts the central square of `side` pixels from images [n, h, w, c]."""
    top, left = (images.shape[1] - side) // 2, (images.shape[2] - side) // 2
    return images[:, top : top + side, left : left + side]


def random_flip(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Mirrors left and right each image [n, h, w, c] whose draw [n], uniform in [0, 1), is below 1/2."""
    # Columns gathered in either order: TensorFlow's reversal of an axis costs four times as much.
    columns = tf.range(images.shape[2])[tf.newaxis]
    columns = tf.where((draws < 0.5)[:, tf.newaxis], columns[:, ::-1], columns)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def add_color_noise(images: tf.Tensor, draws: tf.Tensor, components: tf.Tensor) -> tf.Tensor:
    """Adds to all pixels of an image the same random multiple of each principal component.

    `[p1 p2 p3] [a1 s1, a2 s2, a3 s3]^T` with a ~ N(0, .1) (paper, section 4.1).

    Args:
        images: [n, h, w, c] floats.
        draws: standard normal, [n, 3]; the first c are used.
        components: [c, c]; column i is the eigenvector p_i times its scale s_i, in the images' units.
    """
    channels = images.shape[-1]
    amounts = COLOR_NOISE_STDDEV * draws[:, :channels]
    shift = tf.linalg.matvec(components, amounts)
    return images + shift[:, tf.newaxis, tf.newaxis, :]
