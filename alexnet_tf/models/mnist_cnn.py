"""A small convolutional network for MNIST and Fashion-MNIST."""

import keras
from keras import layers

from alexnet_tf.config.models import MnistCnnConfig
from alexnet_tf.layers import Dropout


def mnist_cnn(
    input_shape: tuple[int, int, int],
    classes: int,
    config: MnistCnnConfig | None = None,
    name: str = "mnist_cnn",
) -> keras.Model:
    """Two 3x3 convolutions with 2x2 pooling, a hidden layer of 128 units, and float32 logits.

    Initialisation: convolutions from a Gaussian of standard deviation .01, fully connected layers from
    Glorot's uniform distribution, biases 0.

    Args:
        input_shape: (height, width, channels); height and width are at least 4 pixels.

    Raises:
        ValueError: for images that are too small.

    Example:

    >>> mnist_cnn((28, 28, 1), 10).count_params()
    421642
    """
    config = config or MnistCnnConfig()
    if min(input_shape[:2]) < 4:
        raise ValueError(f"input_shape: expected sides of at least 4 pixels; received {input_shape}")
    x = images = keras.Input(input_shape, name="images")
    for stage, filters in enumerate((32, 64), start=1):  # 28 -> 14 -> 7
        gaussian = keras.initializers.RandomNormal(stddev=0.01)
        x = layers.Conv2D(filters, 3, padding="same", kernel_initializer=gaussian, name=f"conv{stage}")(x)
        if config.batch_norm:
            x = layers.BatchNormalization(name=f"norm{stage}")(x)
        x = layers.ReLU(name=f"relu{stage}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="fc3")(x)
    if config.dropout:
        x = Dropout(config.dropout, name="dropout3")(x)
    # In float32 even under mixed precision: the loss needs more digits than bfloat16 has.
    logits = layers.Dense(classes, dtype="float32", name="fc4")(x)
    return keras.Model(images, logits, name=name)
