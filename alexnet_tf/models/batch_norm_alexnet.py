"""AlexNet as in many tutorials: one tower, batch normalisation, valid padding in conv1."""

import keras
from keras import layers

from alexnet_tf.config.models import BatchNormAlexNetConfig
from alexnet_tf.layers import Dropout

FILTERS = (96, 256, 384, 384, 256)
KERNELS = (11, 5, 3, 3, 3)
POOLED_STAGES = (1, 2, 5)
HIDDEN = 4096


def batch_norm_alexnet(
    input_shape: tuple[int, int, int],
    classes: int,
    config: BatchNormAlexNetConfig | None = None,
    name: str = "batch_norm_alexnet",
) -> keras.Model:
    """Five convolutions, each followed by ReLU and batch normalisation, and three fully connected layers.

    For images of 224x224 the feature maps are 54, 26, 12 and 5 pixels wide. The paper's net pads images by 3
    pixels; its maps are 55, 27, 13 and 6 pixels wide.

    Args:
        input_shape: (height, width, channels); height and width are at least 67 pixels.

    Raises:
        ValueError: for images that are too small.

    Example:

    >>> from alexnet_tf.models.summary import weightless
    >>> with weightless():
    ...     model = batch_norm_alexnet((224, 224, 3), 16)
    >>> model.count_params()
    46818064
    """
    config = config or BatchNormAlexNetConfig()
    if min(input_shape[:2]) < 67:
        raise ValueError(f"input_shape: expected sides of at least 67 pixels; received {input_shape}")
    x = images = keras.Input(input_shape, name="images")
    for stage, (filters, kernel) in enumerate(zip(FILTERS, KERNELS, strict=True), start=1):
        x = layers.Conv2D(
            round(filters * config.width),
            kernel,
            strides=4 if stage == 1 else 1,
            padding="valid" if stage == 1 else "same",
            activation="relu",
            name=f"conv{stage}",
        )(x)  # 224 -> 54
        x = layers.BatchNormalization(name=f"norm{stage}")(x)
        if stage in POOLED_STAGES:
            x = layers.MaxPooling2D(3, strides=2, name=f"pool{stage}")(x)  # 54 -> 26 -> 12 -> 5
    x = layers.Flatten(name="flatten")(x)
    for stage in (6, 7):
        x = layers.Dense(round(HIDDEN * config.width), activation="relu", name=f"fc{stage}")(x)
        x = Dropout(config.dropout, name=f"dropout{stage}")(x)
    # In float32 even under mixed precision: the loss needs more digits than bfloat16 has.
    logits = layers.Dense(classes, dtype="float32", name="fc8")(x)
    return keras.Model(images, logits, name=name)
