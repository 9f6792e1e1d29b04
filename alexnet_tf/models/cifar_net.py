"""The four-layer network of the paper's Figure 1."""

import keras
from keras import layers

from alexnet_tf.config.models import CifarNetConfig
from alexnet_tf.layers import LocalResponseNormalization

# Standard deviations in the authors' layers-18pct.cfg: conv1, conv2, conv3, fully connected.
STDDEVS_2012 = (0.0001, 0.01, 0.01, 0.01)
FILTERS = (32, 32, 64)


def cifar_net(
    input_shape: tuple[int, int, int], classes: int, config: CifarNetConfig | None = None
) -> keras.Model:
    """Three 5x5 convolutions with 3 poolings and one fully connected layer, from images to float32 logits.

    The paper does not describe the network of Figure 1. Like the authors' CIFAR-10 net layers-18pct.cfg, this
    one has four layers with weights, and no hidden fully connected layer. As in that net, the activation
    comes after the first pooling, but before the other two. (The order has no effect for max pooling and an
    increasing activation.) Normalisation, if configured, ends the first two stages.

    Args:
        input_shape: (height, width, channels); for 32x32 the pooled maps have sides of 16, 8 and 4 pixels.

    Raises:
        ValueError: if Keras does not know the activation, or `pooling` is not three words, each `max` or
            `avg`.

    Example:

    >>> cifar_net((32, 32, 3), 10).count_params()
    89578
    """
    config = config or CifarNetConfig()
    kinds = {"max": layers.MaxPooling2D, "avg": layers.AveragePooling2D}
    if len(config.pooling) != len(FILTERS) or not set(config.pooling) <= set(kinds):
        raise ValueError(
            f"pooling: expected {len(FILTERS)} kinds, one per stage, each max or avg; "
            f"received {config.pooling}"
        )
    weights = _initializers(config.init)
    images = keras.Input(input_shape, name="images")
    x = images
    # 32 -> 16 -> 8 -> 4; with this padding, windows of 2 and of 3 pixels both halve the side.
    for stage, (filters, pooling) in enumerate(zip(FILTERS, config.pooling, strict=True), start=1):
        x = layers.Conv2D(
            filters, 5, padding="same", kernel_initializer=weights[stage - 1], name=f"conv{stage}"
        )(x)
        activation = layers.Activation(config.activation, name=f"{config.activation}{stage}")
        pool = kinds[pooling](config.pool_size, strides=2, padding="same", name=f"pool{stage}")
        x = activation(pool(x)) if stage == 1 else pool(activation(x))
        if config.lrn and stage < len(FILTERS):
            x = LocalResponseNormalization(
                n=config.lrn_n,
                k=config.lrn_k,
                alpha=config.lrn_alpha,
                beta=config.lrn_beta,
                divide_alpha=config.lrn_divide_alpha,
                name=f"lrn{stage}",
            )(x)
    x = layers.Flatten(name="flatten")(x)
    # In float32 even under mixed precision: the loss needs more digits than bfloat16 has.
    logits = layers.Dense(classes, kernel_initializer=weights[-1], dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="cifar_net")


def _initializers(init: str) -> list[keras.Initializer]:
    if init == "2012":
        return [keras.initializers.RandomNormal(stddev=stddev) for stddev in STDDEVS_2012]
    return [keras.initializers.GlorotUniform() for _ in STDDEVS_2012]
