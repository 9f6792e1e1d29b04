"""Configurations of the networks, as frozen dataclasses."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CifarNetConfig:
    """The four-layer network of the paper's Figure 1, built by `models.cifar_net`."""

    activation: str = "relu"
    init: Literal["2012", "glorot"] = "2012"
    pooling: tuple[Literal["max", "avg"], ...] = ("max", "avg", "avg")
    pool_size: int = 3
    lrn: bool = False
    lrn_n: int = 5
    lrn_k: float = 2.0
    lrn_alpha: float = 1e-4
    lrn_beta: float = 0.75
    lrn_divide_alpha: bool = False


@dataclass(frozen=True)
class AlexNetConfig:
    """The eight-layer network, built by `models.alexnet`; the defaults are the paper's.

    Attributes:
        towers: number of groups of conv2, conv4 and conv5; 2 in the paper, one on each GPU.
        filters: number of filters of each of the five convolutions, all towers together.
        hidden: widths of fc6 and fc7.
        width: multiplies `filters` and `hidden`.
        stem_kernel: side of conv1's kernels, in pixels.
        stem_stride: stride of conv1.
        stem_ceil: pad the input with zeros at the bottom and right until conv1's windows cover every
            pixel (authors' program: 224 -> 227).
        pool_size: side of the pooling windows; the stride is 2.
        activation: activation of conv1 to fc7.
        dropout: dropout rate after fc6 and fc7.
        init: initialisation of the kernels. `paper` is Gaussian with standard deviation .01; `code` has .03
            in conv3 to conv5. `gain` multiplies .01 by sqrt(fan-in in the paper's net / fan-in here), so that
            weighted sums have the same variance in both nets. `glorot` is Keras's `GlorotUniform`, `he` its
            `HeNormal`.
        hidden_bias: initial bias of conv2, conv4, conv5, fc6 and fc7.
        lrn: use local response normalisation in the first two stages.
        lrn_n, lrn_k, lrn_alpha, lrn_beta: constants of LRN (section 3.3).
        lrn_divide_alpha: divide alpha by n (authors' program).
        lrn_within_tower: keep the windows of LRN within one tower (authors' program).
        late_relu: order conv1 - LRN - pool - ReLU, and conv5 - pool - ReLU (authors' program).
        spatial_norm: add spatial normalisation after the second LRN (authors' program).
        spatial_alpha: `alpha` of spatial normalisation. The layer divides `alpha` by the window's area.
        without: numbers, from 2 to 5, of the convolutions to leave out. Their activation and normalisation
            are left out too; their pooling stays.
    """

    towers: int = 2
    filters: tuple[int, ...] = (96, 256, 384, 384, 256)
    hidden: tuple[int, ...] = (4096, 4096)
    width: float = 1.0
    stem_kernel: int = 11
    stem_stride: int = 4
    stem_ceil: bool = True
    pool_size: int = 3
    activation: str = "relu"
    dropout: float = 0.5
    init: Literal["paper", "code", "gain", "glorot", "he"] = "paper"
    hidden_bias: float = 1.0
    lrn: bool = True
    lrn_n: int = 5
    lrn_k: float = 2.0
    lrn_alpha: float = 1e-4
    lrn_beta: float = 0.75
    lrn_divide_alpha: bool = False
    lrn_within_tower: bool = False
    late_relu: bool = False
    spatial_norm: bool = False
    spatial_alpha: float = 1e-3
    without: tuple[int, ...] = ()


@dataclass(frozen=True)
class OneWeirdTrickConfig:
    """The one-tower net of "One weird trick for parallelizing convolutional neural networks" (2014).

    Attributes:
        dropout: dropout rate before fc6 and before fc7.
        width: multiplies the filters (64, 192, 384, 256, 256) and the hidden widths (4096, 4096).
        enlarge: side in pixels to which the net resizes its input bilinearly; 0 for no resizing.
        init: `glorot` with biases of 0, or `gaussian` with standard deviation .01 and biases of 1.
    """

    dropout: float = 0.5
    width: float = 1.0
    enlarge: int = 0
    init: Literal["glorot", "gaussian"] = "glorot"


@dataclass(frozen=True)
class BatchNormAlexNetConfig:
    """AlexNet in one tower, with batch normalisation instead of local response normalisation.

    Attributes:
        dropout: dropout rate after fc6 and after fc7.
        width: multiplies the filters (96, 256, 384, 384, 256) and the hidden widths (4096, 4096).
    """

    dropout: float = 0.5
    width: float = 1.0


@dataclass(frozen=True)
class MnistCnnConfig:
    """Two convolutions and two fully connected layers for 28x28 grey images.

    Attributes:
        dropout: dropout rate before the last layer; 0 for none.
        batch_norm: use batch normalisation after each convolution.
    """

    dropout: float = 0.0
    batch_norm: bool = False


ModelConfig = CifarNetConfig | AlexNetConfig | OneWeirdTrickConfig | BatchNormAlexNetConfig | MnistCnnConfig
