"""The networks by name, with the images and classes they were made for; the recipes that train them.

A network has a recipe of its own to start from; `with_recipe` puts one of 2012 in its place.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from alexnet_tf.config.fields import Config, DataConfig, TrainConfig
from alexnet_tf.config.models import (
    AlexNetConfig,
    BatchNormAlexNetConfig,
    CifarNetConfig,
    MnistCnnConfig,
    ModelConfig,
    OneWeirdTrickConfig,
)
from alexnet_tf.runtime.errors import InputError

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


# The paper's section 5, but with a constant learning rate; `RECIPES` have the schedules.
SECTION_5 = TrainConfig(epochs=90, batch_size=128, learning_rate=0.01, momentum=0.9, weight_decay=5e-4)
CROPS_OF_256 = DataConfig(image_size=256, crop=224, flip=True)

# "The Annotated AlexNet", a notebook for a tree of 16 classes of ImageNet: no momentum, two images a step,
# rate divided by 10 after ten epochs without a lower validation loss, down to 1e-6, and an end after ten
# without a lower training loss. Its pixels are 0..255 minus their mean, without a crop. It mirrors every
# image, of the validation split too; here half of those trained on are. Its weights of every epoch are
# kept by `--keep-epochs`. Four divisions reach the floor, and a fifth plateau does not fit in 50 epochs.
ANNOTATED_DATA = DataConfig(image_size=224, flip=True, holdout=True)
ANNOTATED_TRAIN = TrainConfig(
    epochs=50,
    batch_size=2,
    learning_rate=0.01,
    momentum=0.0,
    weight_decay=5e-4,
    schedule="plateau",
    patience=10,
    max_drops=4,
    min_learning_rate=1e-6,
    watch="selection_loss",
    early_stopping=10,
    early_stopping_watch="train_loss",
)

# "The Math Behind Convolutional Neural Networks", in PyTorch, on MNIST. Its plateau has patience 3, which
# in PyTorch are four epochs without improvement. It names neither batch size nor number of epochs; early
# stopping ends a run long before 50.
MNIST_DATA = DataConfig(image_size=28, input_scale="unit", holdout=True)
MNIST_TRAIN = TrainConfig(
    epochs=50,
    optimizer="amsgrad",
    learning_rate=1e-3,
    weight_decay=1e-5,
    schedule="plateau",
    drop_factor=2.0,
    patience=4,
    max_drops=10,
    min_learning_rate=1e-6,
    watch="selection_loss",
    early_stopping=7,
    early_stopping_watch="selection_loss",
)

# A gist on AlexNet in PyTorch: the paper's numbers, and a rate reduced by hand "when loss stopped" falling,
# which a plateau does here. Its net wants 224 pixels and its images are CIFAR-10's, of 32: it does not say
# how, here the net enlarges them, 28 of 32 pixels to 224 as 224 of 256 are of ImageNet's.
GIST_TRAIN = dataclasses.replace(SECTION_5, schedule="plateau", watch="selection_loss")
GIST_DATA = DataConfig(image_size=256, crop=224, input_scale="unit", flip=True, holdout=True)


@dataclass(frozen=True)
class Preset:
    """A network, its input, and the recipe to start from.

    Attributes:
        model: its config.
        classes: number of outputs it was made for.
        data: the recipe's way with images, of whatever set; `dataset` says nothing here.
        train: the recipe's way to the weights.
        channels: of the input.
    """

    model: ModelConfig
    classes: int
    data: DataConfig = CROPS_OF_256
    train: TrainConfig = SECTION_5
    channels: int = 3

    @property
    def side(self) -> int:
        """Height and width of the input, in pixels."""
        return self.data.crop or self.data.image_size

    def config(self, dataset: str) -> Config:
        """The recipe on a data set.

        Example:

        >>> PRESETS["mnist-cnn"].config("fashion_mnist").train.optimizer
        'amsgrad'
        """
        return Config(dataclasses.replace(self.data, dataset=dataset), self.model, self.train)


PRESETS = {
    "alexnet": Preset(PAPER, 1000),
    "alexnet-code": Preset(CODE, 1000),
    "alexnet-caffe": Preset(CAFFE, 1000, dataclasses.replace(CROPS_OF_256, crop=227)),
    "alexnet-one-tower": Preset(ONE_TOWER, 1000),
    "alexnet-scaled": Preset(SCALED, 100, DataConfig(image_size=64, crop=56, input_scale="unit", flip=True)),
    "one-weird-trick": Preset(OneWeirdTrickConfig(), 1000, GIST_DATA, GIST_TRAIN),
    "one-weird-trick-cifar10": Preset(
        OneWeirdTrickConfig(enlarge=224),
        10,
        dataclasses.replace(GIST_DATA, image_size=32, crop=28),
        GIST_TRAIN,
    ),
    "batch-norm-alexnet": Preset(BatchNormAlexNetConfig(), 16, ANNOTATED_DATA, ANNOTATED_TRAIN),
    "cifar-net": Preset(
        CifarNetConfig(),
        10,
        DataConfig(image_size=32, flip=True),
        dataclasses.replace(SECTION_5, learning_rate=0.001),
    ),
    "mnist-cnn": Preset(MnistCnnConfig(), 10, MNIST_DATA, MNIST_TRAIN, channels=1),
}


@dataclass(frozen=True)
class Recipe:
    """How AlexNet was trained on ImageNet in 2012.

    Attributes:
        train: all of the training fields.
        data: the data fields that it sets; the others stay.
    """

    train: TrainConfig
    data: Mapping[str, Any]


# `2012` is the paper's section 5. The authors divided the rate by hand when the error on the validation set
# stopped improving; here `plateau` watches a tenth of the training images, held out for that, so that the
# validation set decides nothing. The paper does not say how long they waited: five epochs is a guess.
#
# `2012-code` is what their program did, after the log that ends its parameter files: the rate divided after
# epochs 25, 51 and 79, biases at twice the rate, colour noise by standard deviations and without it after
# epoch 67, the first layer frozen after epoch 72 (and slowed down after 67, by a factor that is not known:
# left out).
RECIPES = MappingProxyType(
    {
        "2012": Recipe(
            dataclasses.replace(SECTION_5, schedule="plateau", patience=5, max_drops=3),
            {"flip": True, "color_noise": "paper", "holdout": True},
        ),
        "2012-code": Recipe(
            dataclasses.replace(
                SECTION_5, schedule="steps", drops=(25, 51, 79), bias_rate=2.0, freeze_conv1_after=72
            ),
            {"flip": True, "color_noise": "code", "color_noise_until": 67},
        ),
    }
)


def with_recipe(config: Config, name: str) -> Config:
    """The configuration trained by a recipe; model, crop and image size stay.

    Raises:
        InputError: for an unknown name.

    Example:

    >>> with_recipe(Config(), "2012-code").train.drops
    (25, 51, 79)
    """
    if name not in RECIPES:
        raise InputError(f"--recipe: expected one of {', '.join(RECIPES)}; received {name!r}")
    # Nothing of the model's own recipe remains but where its weights come from.
    train = dataclasses.replace(RECIPES[name].train, start=config.train.start, freeze=config.train.freeze)
    return config.replace(train=train, **RECIPES[name].data)
