"""The one-tower AlexNet of Krizhevsky, "One weird trick ...", arXiv:1404.5997 (2014)."""

import keras
from keras import layers

from alexnet_tf.config.models import OneWeirdTrickConfig
from alexnet_tf.layers import Dropout

FILTERS = (64, 192, 384, 256, 256)
HIDDEN = 4096


def one_weird_trick(
    input_shape: tuple[int, int, int],
    classes: int,
    config: OneWeirdTrickConfig | None = None,
    name: str = "one_weird_trick",
) -> keras.Model:
    """Five convolutions without normalisation and three fully connected layers, with float32 logits.

    For images of 224x224, this is torchvision's AlexNet. The image size determines the size of the last
    feature map, and so the number of parameters.

    Args:
        input_shape: (height, width, channels); height and width are at least 63 pixels, unless `config`
            enlarges the images.

    Raises:
        ValueError: for images that are too small.

    Example:

    >>> from alexnet_tf.models.summary import weightless
    >>> with weightless():
    ...     model = one_weird_trick((224, 224, 3), 1000)
    >>> model.count_params()
    61100840
    """
    config = config or OneWeirdTrickConfig()
    side = config.enlarge or min(input_shape[:2])
    if side < 63:
        name, given = ("enlarge", side) if config.enlarge else ("input_shape", input_shape)
        raise ValueError(f"{name}: expected sides of at least 63 pixels; received {given}")
    filters = [round(count * config.width) for count in FILTERS]
    hidden = round(HIDDEN * config.width)
    x = images = keras.Input(input_shape, name="images")
    if config.enlarge:
        x = layers.Resizing(side, side, interpolation="bilinear", name="enlarge")(x)
    x = layers.ZeroPadding2D(2, name="pad")(x)
    x = layers.Conv2D(filters[0], 11, 4, activation="relu", name="conv1", **_init(config))(x)  # 224 -> 55
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)  # 55 -> 27
    x = layers.Conv2D(filters[1], 5, padding="same", activation="relu", name="conv2", **_init(config))(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool2")(x)  # 27 -> 13
    for stage, count in enumerate(filters[2:], start=3):
        x = layers.Conv2D(count, 3, padding="same", activation="relu", name=f"conv{stage}", **_init(config))(
            x
        )
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)  # 13 -> 6
    x = layers.Flatten(name="flatten")(x)
    for stage in (6, 7):
        x = Dropout(config.dropout, name=f"dropout{stage}")(x)
        x = layers.Dense(hidden, activation="relu", name=f"fc{stage}", **_init(config))(x)
    # In float32 even under mixed precision: the loss needs more digits than bfloat16 has.
    logits = layers.Dense(classes, dtype="float32", name="fc8", **_init(config))(x)
    return keras.Model(images, logits, name=name)


def _init(config: OneWeirdTrickConfig) -> dict[str, keras.Initializer]:
    if config.init == "glorot":
        return {}
    return {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.01),
        "bias_initializer": keras.initializers.Constant(1.0),
    }
