"""The networks by name, with the images and classes they were made for."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from alexnet_tf.config import (
    AlexNetConfig,
    BatchNormAlexNetConfig,
    CifarNetConfig,
    MnistCnnConfig,
    ModelConfig,
    OneWeirdTrickConfig,
)

# Two towers, 60,965,224 parameters with 1000 classes.
PAPER = AlexNetConfig()
# The authors' net #145, whose log has the paper's numbers.
CODE = dataclasses.replace(
    PAPER, init="code", lrn_divide_alpha=True, lrn_within_tower=True, late_relu=True, spatial_norm=True
)
# The paper's net on one GPU (section 3.2): half the kernels in conv1 to conv4, conv5 and the rest whole.
ONE_TOWER = dataclasses.replace(PAPER, towers=1, filters=(48, 128, 192, 192, 256))
# Caffe's bvlc_alexnet: LRN with k = 1, alpha / n, and smaller biases.
CAFFE = dataclasses.replace(PAPER, lrn_k=1.0, lrn_divide_alpha=True, hidden_bias=0.1)
# For images of 64x64, cropped to 56: 56 -> 26 -> 12 -> 5 -> 2. The paper's initialisation stays flat here.
SCALED = dataclasses.replace(PAPER, stem_kernel=5, stem_stride=2, stem_ceil=False, init="he", hidden_bias=0.0)


@dataclass(frozen=True)
class Preset:
    """A network, its input, and a recipe to start from.

    Attributes:
        model: its config.
        side: height and width of the input, in pixels.
        classes: number of outputs it was made for.
        channels: of the input.
        image_size: images are brought to this side before the crop.
        input_scale: see `DataConfig`.
        learning_rate: of the first epoch.
        flip: whether a mirror image is of the same class.
    """

    model: ModelConfig
    side: int
    classes: int
    channels: int = 3
    image_size: int = 256
    input_scale: Literal["raw", "unit"] = "raw"
    learning_rate: float = 0.01
    flip: bool = True

    @property
    def crop(self) -> int:
        """Side of the random crop, 0 where the input is the whole image."""
        return self.side if self.side < self.image_size else 0


PRESETS = {
    "alexnet": Preset(PAPER, 224, 1000),
    "alexnet-code": Preset(CODE, 224, 1000),
    "alexnet-caffe": Preset(CAFFE, 227, 1000),
    "alexnet-one-tower": Preset(ONE_TOWER, 224, 1000),
    "alexnet-scaled": Preset(SCALED, 56, 100, image_size=64, input_scale="unit"),
    "one-weird-trick": Preset(OneWeirdTrickConfig(), 224, 1000, input_scale="unit"),
    "batch-norm-alexnet": Preset(BatchNormAlexNetConfig(), 224, 16, input_scale="unit"),
    "cifar-net": Preset(CifarNetConfig(), 32, 10, image_size=32, learning_rate=0.001),
    "mnist-cnn": Preset(MnistCnnConfig(), 28, 10, 1, image_size=28, input_scale="unit", flip=False),
}
