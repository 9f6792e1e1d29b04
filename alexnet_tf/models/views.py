"""Test-time averaging over several views of an image (paper, section 4.1) and over several nets."""

from collections.abc import Sequence

import keras
from keras import ops

VIEWS = (1, 2, 5, 10)


def view_offsets(height: int, width: int, side: int, views: int) -> list[tuple[int, int, bool]]:
    """(top, left, mirrored) of each view.

    1 view is the centre, 2 are the centre and its mirror image, 5 are the four corners and the centre, and 10
    are these five and their mirror images.

    Raises:
        ValueError: for another number of views, or a side larger than the image.

    Example:

    >>> view_offsets(64, 64, side=56, views=2)
    [(4, 4, False), (4, 4, True)]
    """
    if views not in VIEWS:
        raise ValueError(f"views: expected one of {VIEWS}; received {views}")
    if side > min(height, width):
        raise ValueError(f"side: expected at most {min(height, width)} pixels; received {side}")
    center = ((height - side) // 2, (width - side) // 2)
    bottom, right = height - side, width - side
    places = [center] if views <= 2 else [(0, 0), (0, right), (bottom, 0), (bottom, right), center]
    mirrored = (False, True) if views in (2, 10) else (False,)
    return [(top, left, mirror) for mirror in mirrored for top, left in places]


def averaging_model(
    models: Sequence[keras.Model], input_shape: tuple[int, int, int], views: int = 10
) -> keras.Model:
    """One model that averages the class probabilities of all views (1, 2, 5 or 10) and all nets.

    Args:
        models: networks from square crops to logits, with equal input shapes and classes.
        input_shape: (height, width, channels) of the whole images.

    Returns:
        A model from whole images [n, height, width, channels] to the logarithm of the mean probabilities
        [n, classes]. These are valid logits: their softmax gives the mean probabilities.

    Raises:
        ValueError: if there is no model, the input shapes differ, the crops are larger than the images, or
            `views` is invalid.
    """
    shapes = {model.input.shape[1:] for model in models}
    if len(shapes) != 1:
        raise ValueError(f"models: expected one or more of equal input shape; received {sorted(shapes)}")
    side = shapes.pop()[0]
    # Nets of one kind have the same name, but names within a model must be unique.
    models = [keras.Model(net.input, net.output, name=f"net{i}") for i, net in enumerate(models)]
    images = keras.Input(input_shape, name="whole_images")
    logarithms = []
    for top, left, mirror in view_offsets(*input_shape[:2], side, views):
        view = images[:, top : top + side, left : left + side]
        if mirror:
            view = ops.flip(view, axis=2)
        logarithms += [ops.log_softmax(model(view)) for model in models]
    # `logsumexp` avoids underflow of small probabilities.
    total = ops.logsumexp(ops.stack(logarithms), axis=0) - ops.log(float(len(logarithms)))
    return keras.Model(images, total, name=f"average_of_{len(logarithms)}")
