from collections.abc import Sequence
from typing import Literal

import numpy as np

from alexnet_tf.reference.activations import dropout, relu, softmax
from alexnet_tf.reference.convolution import conv2d, dense
from alexnet_tf.reference.normalization import local_response_normalization, spatial_response_normalization
from alexnet_tf.reference.pooling import max_pool
from alexnet_tf.reference.sizes import output_size

Preset = Literal["paper", "code"]

KERNEL_SIZES = (11, 5, 3, 3, 3)
# For each convolution, whether a tower sees only its own channels (paper, Figure 2).
TOWERS_SPLIT = (False, True, False, True, True)


def alexnet_forward(
    images: np.ndarray, weights: Sequence[np.ndarray], preset: Preset = "paper", inverted_dropout: bool = True
) -> np.ndarray:
    """Class probabilities of the trained network (paper, sections 3 and 4.2).

    For images of 224 pixels, the feature maps have these sides: conv1 55, pool1 27, conv2 27, pool2 13,
    conv3 to conv5 13, pool5 6. Images of 224 pixels are padded with 3 zeros at the bottom and right; images
    of 227 need no padding. The number of towers in conv2, conv4 and conv5 follows from the shapes of
    `weights`. Networks with one tower, narrower layers or smaller images work too.

    - `paper`: conv1 - ReLU - LRN - pool, conv2 - ReLU - LRN - pool. LRN runs over all channels.
    - `code`: conv1 - LRN - pool - ReLU, conv2 - ReLU - LRN - spatial normalisation - pool. LRN runs within
      each tower, with `alpha` divided by 5.

    Args:
        images: [batch, height, width, 3], with the mean subtracted.
        weights: 16 arrays: the kernel and the bias of each of the eight layers. A kernel is [height, width,
            channels, filters] or [inputs, outputs].
        preset: order of the layers and LRN settings, see above.
        inverted_dropout: whether the weights were trained with inverted dropout, as in Keras. If not, the
            outputs of the two hidden layers are halved.

    Returns:
        [batch, classes]; the probabilities of an image sum to 1.

    Raises:
        ValueError: if the preset is unknown, or if the number or the shapes of the weights are wrong.

    Example:

    >>> shapes = alexnet_weight_shapes((2, 4, 4, 4, 4), hidden=3, classes=5, image_size=67)
    >>> weights = [np.zeros(shape) for shape in shapes]
    >>> alexnet_forward(np.zeros((1, 67, 67, 3)), weights)
    array([[0.2, 0.2, 0.2, 0.2, 0.2]])
    """
    return alexnet_activations(images, weights, preset, inverted_dropout)["softmax"]


def alexnet_activations(
    images: np.ndarray, weights: Sequence[np.ndarray], preset: Preset = "paper", inverted_dropout: bool = True
) -> dict[str, np.ndarray]:
    """The layers' outputs in `alexnet_forward`: `conv1`, `pool1`, ..., `pool5`, `fc6`, `fc7`, `softmax`.

    A ReLU that directly follows a layer is included in the layer's output.
    """
    if preset not in ("paper", "code"):
        raise ValueError(f"preset: expected 'paper' or 'code'; received {preset!r}")
    if len(weights) != 16:
        raise ValueError(
            f"weights: expected 16 arrays, a kernel and a bias per layer; received {len(weights)}"
        )
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    towers = weights[0].shape[-1] // weights[2].shape[2]
    stages = {}

    def convolve(values: np.ndarray, number: int) -> np.ndarray:
        kernel, bias = layers[number - 1]
        groups = values.shape[-1] // kernel.shape[2]
        if number == 1:
            return conv2d(values, kernel, bias, stride=4, overhang=True)
        return conv2d(values, kernel, bias, padding=len(kernel) // 2, groups=groups)

    def normalize(values: np.ndarray) -> np.ndarray:
        if preset == "paper":
            return local_response_normalization(values)
        parts = [
            local_response_normalization(part, divide_alpha=True) for part in np.split(values, towers, -1)
        ]
        return np.concatenate(parts, -1)

    if preset == "paper":
        stages["conv1"] = relu(convolve(images, 1))
        stages["pool1"] = max_pool(normalize(stages["conv1"]))
    else:
        stages["conv1"] = convolve(images, 1)
        stages["pool1"] = relu(max_pool(normalize(stages["conv1"])))

    stages["conv2"] = relu(convolve(stages["pool1"], 2))
    normalized = normalize(stages["conv2"])
    if preset == "code":
        normalized = spatial_response_normalization(normalized)
    stages["pool2"] = max_pool(normalized)

    stages["conv3"] = relu(convolve(stages["pool2"], 3))
    stages["conv4"] = relu(convolve(stages["conv3"], 4))
    stages["conv5"] = relu(convolve(stages["conv4"], 5))
    stages["pool5"] = max_pool(stages["conv5"])

    stages["fc6"] = relu(dense(stages["pool5"], *layers[5]))
    stages["fc7"] = relu(dense(dropout(stages["fc6"], inverted=inverted_dropout), *layers[6]))
    logits = dense(dropout(stages["fc7"], inverted=inverted_dropout), *layers[7])
    stages["softmax"] = softmax(logits)
    return stages


def alexnet_weight_shapes(
    filters: Sequence[int] = (96, 256, 384, 384, 256),
    hidden: int = 4096,
    classes: int = 1000,
    towers: int = 2,
    image_size: int = 224,
) -> list[tuple[int, ...]]:
    """Shapes of the 16 weight arrays: kernel and bias of each layer, in layer order.

    Args:
        filters: number of filters of each of the five convolutions, in all towers together.
        hidden: number of units of each hidden layer.
        towers: 2, or 1 for the paper's net on one GPU (section 3.2). That net also has half the default
            `filters` in conv1 to conv4.
        image_size: side of the input images in pixels.

    Example:

    >>> sum(int(np.prod(shape)) for shape in alexnet_weight_shapes())
    60965224
    """
    shapes: list[tuple[int, ...]] = []
    channels = 3
    for size, split, count in zip(KERNEL_SIZES, TOWERS_SPLIT, filters, strict=True):
        shapes += [(size, size, channels // towers if split else channels, count), (count,)]
        channels = count
    side = output_size(image_size, 11, 4, overhang=True)
    for _ in range(3):
        side = output_size(side, 3, 2)
    inputs = side * side * channels
    for outputs in (hidden, hidden, classes):
        shapes += [(inputs, outputs), (outputs,)]
        inputs = outputs
    return shapes
