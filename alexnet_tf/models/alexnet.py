"""The network of the paper (section 3, Figure 2) and its configurable variants."""

import math
from collections.abc import Callable
from pathlib import Path

import keras
from keras import layers

from alexnet_tf.config.models import AlexNetConfig
from alexnet_tf.config.presets import PAPER
from alexnet_tf.layers import (
    Dropout,
    GroupedConv2D,
    LocalResponseNormalization,
    PadToCover,
    SpatialResponseNormalization,
)
from alexnet_tf.runtime.archives import check_weights_file

# Stages whose convolution is split into towers and whose bias is initialised to `hidden_bias`.
SPLIT_STAGES = (2, 4, 5)
KERNELS = (None, 5, 3, 3, 3)
# Fan-in of conv1 to fc8 in the paper's net.
PAPER_INPUTS = (363, 1200, 2304, 1728, 1728, 9216, 4096, 4096)
# Convolutions that `without` may leave out. conv1 must stay: it alone has a stride above 1.
REMOVABLE = (2, 3, 4, 5)


def alexnet(
    input_shape: tuple[int, int, int], classes: int, config: AlexNetConfig = PAPER, name: str = "alexnet"
) -> keras.Model:
    """Five convolutions and three fully connected layers, from images to float32 logits.

    Args:
        input_shape: (height, width, channels). For images of 224 or 227 pixels a side, conv1 has 55 x 55
            positions, and pool1, pool2 and pool5 have sides of 27, 13 and 6.

    Returns:
        A functional model. Its weight arrays (16 if no layer is removed) are in layer order, each kernel
        before its bias.

    Raises:
        ValueError: if the images are too small, the number of filters is not a multiple of the number of
            towers, `config` does not have five `filters` and two `hidden` widths, or a layer in `without`
            cannot be removed.

    Example:

    >>> from alexnet_tf.models.summary import weightless
    >>> with weightless():  # counting needs no weights
    ...     model = alexnet((224, 224, 3), 1000)
    >>> model.count_params()
    60965224
    """
    images = keras.Input(input_shape, name="images")
    x = classifier(features(images, config), classes, config, activation=None)
    return keras.Model(images, x, name=name)


def AlexNet(  # noqa: N802 (the name and signature of a keras.applications model)
    include_top: bool = True,
    weights: str | Path | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int, int, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | Callable | None = "softmax",
    name: str = "alexnet",
    config: AlexNetConfig = PAPER,
) -> keras.Model:
    """AlexNet with the signature of `keras.applications`.

    Args:
        include_top: whether to include fc6, fc7 and fc8; else the model ends at pool5.
        weights: a `.weights.h5` file of this architecture, or None for random initialisation. Pretrained
            weights cannot be downloaded. `alexnet import-weights` converts torchvision's and Caffe's weights
            into a network for `load_trained`.
        input_tensor: Keras tensor to use as the input.
        input_shape: (height, width, channels), by default (224, 224, 3). Without the top, height and width
            may be None, for images of at least 64 pixels a side (33 with `SCALED`).
        pooling: without the top, global pooling of pool5: `avg`, `max`, or None for no pooling.
        classes: number of outputs of fc8.
        classifier_activation: activation of fc8; None gives logits.
        config: `PAPER`, `CODE`, `ONE_TOWER`, `SCALED` or another configuration.

    Raises:
        ValueError: for invalid arguments, or a file of weights that is unreasonably large or does not fit.
        OSError: if the file of weights is damaged.

    Example:

    >>> AlexNet(include_top=False, pooling="avg").output.shape
    (None, 256)
    """
    if pooling not in (None, "avg", "max"):
        raise ValueError(f"pooling: expected None, 'avg' or 'max'; received {pooling!r}")
    if weights == "imagenet":
        raise ValueError(
            "weights: expected None or a .weights.h5 file; received 'imagenet', but there are no pretrained "
            "weights to download; import torchvision's with `alexnet import-weights FILE --model "
            "one-weird-trick --out DIR` (Caffe's with `--model alexnet-caffe`), then use "
            "`alexnet_tf.load_trained(DIR).model`"
        )
    if weights is not None and not Path(weights).is_file():
        raise ValueError(f"weights: expected None or a .weights.h5 file; received {str(weights)!r}")
    if input_tensor is None:
        input_tensor = keras.Input(input_shape or (224, 224, 3), name="images")
    # The model includes the layers that compute `input_tensor`.
    sources = keras.utils.get_source_inputs(input_tensor)
    x = features(input_tensor, config)
    if include_top and None in x.shape[1:]:
        raise ValueError(
            "input_shape: expected a height and width, because fc6 has weights for each position; received "
            f"{tuple(input_tensor.shape[1:])}; give both, or include_top=False"
        )
    if include_top:
        x = classifier(x, classes, config, classifier_activation)
    elif pooling:
        pool = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
        x = pool(name=f"{pooling}_pool")(x)
    model = keras.Model(sources[0] if len(sources) == 1 else sources, x, name=name)
    if weights is not None:
        check_weights_file(Path(weights))
        model.load_weights(weights)
    return model


def features(images: keras.KerasTensor, config: AlexNetConfig) -> keras.KerasTensor:
    """conv1 to pool5: from images [n, height, width, channels] to the last feature map."""
    if not set(config.without) <= set(REMOVABLE):
        raise ValueError(f"without: expected some of {REMOVABLE}; received {config.without}")
    for name, numbers, count in (("filters", config.filters, 5), ("hidden", config.hidden, 2)):
        if len(numbers) != count:
            raise ValueError(f"{name}: expected {count} numbers; received {numbers}")
    x = _pad_to_cover(images, config)
    x = _conv(x, 1, config)  # 224 -> 55
    if config.late_relu:
        x = _relu(_pool(_normalize(x, 1, config), 1, config), 1, config)
    else:
        x = _pool(_normalize(_relu(x, 1, config), 1, config), 1, config)  # 55 -> 27
    if 2 not in config.without:
        x = _relu(_conv(x, 2, config), 2, config)  # 27
        x = _normalize(x, 2, config)
        if config.spatial_norm:
            x = SpatialResponseNormalization(alpha=config.spatial_alpha, name="spatial_norm2")(x)
    x = _pool(x, 2, config)  # 27 -> 13
    for stage in (3, 4):  # 13; the towers meet in conv3
        if stage not in config.without:
            x = _relu(_conv(x, stage, config), stage, config)
    if 5 in config.without:
        return _pool(x, 5, config)
    x = _conv(x, 5, config)
    if config.late_relu:
        return _relu(_pool(x, 5, config), 5, config)
    return _pool(_relu(x, 5, config), 5, config)  # 13 -> 6


def classifier(
    x: keras.KerasTensor, classes: int, config: AlexNetConfig, activation: str | Callable | None
) -> keras.KerasTensor:
    """fc6, fc7 and fc8: from the last feature map to logits, or to `activation` applied to the logits."""
    x = layers.Flatten(name="flatten")(x)
    for stage, units in zip((6, 7), config.hidden, strict=True):
        x = layers.Dense(
            round(units * config.width),
            kernel_initializer=_initializer(stage, config),
            bias_initializer=keras.initializers.Constant(config.hidden_bias),
            name=f"fc{stage}",
        )(x)
        x = Dropout(config.dropout, name=f"dropout{stage}")(_relu(x, stage, config))
    # In float32 even under mixed precision: the loss needs more digits than bfloat16 has.
    return layers.Dense(
        classes,
        activation=activation,
        kernel_initializer=_initializer(8, config),
        dtype="float32",
        name="fc8",
    )(x)


def _smallest_side(config: AlexNetConfig) -> int:
    """Smallest side of an image, in pixels, for which pool5 has an output."""
    side = 1
    for _ in range(3):
        side = 2 * (side - 1) + config.pool_size
    padding = config.stem_stride - 1 if config.stem_ceil else 0
    return config.stem_stride * (side - 1) + config.stem_kernel - padding


def _pad_to_cover(images: keras.KerasTensor, config: AlexNetConfig) -> keras.KerasTensor:
    height, width = images.shape[1:3]
    smallest = _smallest_side(config)
    if min(height or math.inf, width or math.inf) < smallest:
        raise ValueError(
            f"input_shape: expected height and width of at least {smallest} pixels; "
            f"received {images.shape[1:]}"
        )
    stride = config.stem_stride if config.stem_ceil else 1  # with stride 1 nothing is padded
    if None in (height, width):
        # PadToCover also checks the sizes: for small images, TensorFlow would give NaN or crash.
        return PadToCover(config.stem_kernel, stride, smallest, name="pad")(images)
    bottom, right = ((config.stem_kernel - side) % stride for side in (height, width))
    if bottom == right == 0:
        return images
    return layers.ZeroPadding2D(((0, bottom), (0, right)), name="pad")(images)  # 224 -> 227


def _conv(x: keras.KerasTensor, stage: int, config: AlexNetConfig) -> keras.KerasTensor:
    is_split = stage in SPLIT_STAGES
    return GroupedConv2D(
        round(config.filters[stage - 1] * config.width),
        KERNELS[stage - 1] or config.stem_kernel,
        strides=config.stem_stride if stage == 1 else 1,
        padding="valid" if stage == 1 else "same",
        groups=config.towers if is_split else 1,
        kernel_initializer=_initializer(stage, config),
        bias_initializer=keras.initializers.Constant(config.hidden_bias if is_split else 0.0),
        name=f"conv{stage}",
    )(x)


def _relu(x: keras.KerasTensor, stage: int, config: AlexNetConfig) -> keras.KerasTensor:
    return layers.Activation(config.activation, name=f"{config.activation}{stage}")(x)


def _pool(x: keras.KerasTensor, stage: int, config: AlexNetConfig) -> keras.KerasTensor:
    return layers.MaxPooling2D(config.pool_size, strides=2, name=f"pool{stage}")(x)


def _normalize(x: keras.KerasTensor, stage: int, config: AlexNetConfig) -> keras.KerasTensor:
    if not config.lrn:
        return x
    normalize = LocalResponseNormalization(
        n=config.lrn_n,
        k=config.lrn_k,
        alpha=config.lrn_alpha,
        beta=config.lrn_beta,
        divide_alpha=config.lrn_divide_alpha,
        name=f"lrn{stage}",
    )
    if not config.lrn_within_tower or config.towers == 1:
        return normalize(x)
    # Reshaped to [towers, channels per tower], because the layer normalises along the last axis.
    height, width, channels = x.shape[1:]
    if None in (height, width):
        towers = keras.ops.split(x, config.towers, axis=-1)
        return keras.ops.concatenate([normalize(tower) for tower in towers], axis=-1)
    tower_shape = (height, width, config.towers, channels // config.towers)
    x = normalize(layers.Reshape(tower_shape, name=f"apart{stage}")(x))
    return layers.Reshape((height, width, channels), name=f"together{stage}")(x)


def _initializer(stage: int, config: AlexNetConfig) -> keras.Initializer:
    if config.init == "glorot":
        return keras.initializers.GlorotUniform()
    if config.init == "he":
        return keras.initializers.HeNormal()
    if config.init == "gain":
        # The standard deviation is .01 sqrt(paper's fan-in / fan-in), so that a unit's weighted sum has the
        # same variance as in the paper's net.
        return keras.initializers.VarianceScaling(
            1e-4 * PAPER_INPUTS[stage - 1], mode="fan_in", distribution="untruncated_normal"
        )
    wide = config.init == "code" and stage in (3, 4, 5)
    return keras.initializers.RandomNormal(stddev=0.03 if wide else 0.01)
