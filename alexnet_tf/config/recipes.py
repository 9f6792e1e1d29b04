"""How AlexNet was trained on ImageNet in 2012, as changes to a configuration.

`2012` is the paper's section 5. The rate was divided by hand when the error on the validation set stopped
improving; here `plateau` watches a tenth of the training images, held out for that, so that the validation
set decides nothing. How long the authors waited they do not say: five epochs is a guess.

`2012-code` is what their program did, after the log that ends its parameter files: the rate divided after
epochs 25, 51 and 79, biases at twice the rate, colour noise by standard deviations and without it after epoch
67, the first layer frozen after epoch 72 (and slowed down after 67, by a factor that is not known: left out).
"""

from types import MappingProxyType
from typing import Any

from alexnet_tf.config.fields import Config, TrainConfig
from alexnet_tf.runtime.errors import InputError

_BOTH = {
    "epochs": 90,
    "batch_size": 128,
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "flip": True,
}

RECIPES = MappingProxyType(
    {
        "2012": {
            **_BOTH,
            "color_noise": "paper",
            "schedule": "plateau",
            "patience": 5,
            "max_drops": 3,
            "holdout": True,
        },
        "2012-code": {
            **_BOTH,
            "color_noise": "code",
            "color_noise_until": 67,
            "schedule": "steps",
            "drops": (25, 51, 79),
            "bias_rate": 2.0,
            "freeze_conv1_after": 72,
        },
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
    changes: dict[str, Any] = RECIPES[name]
    # Nothing of the model's own recipe remains but where its weights come from.
    train = TrainConfig(start=config.train.start, freeze=config.train.freeze)
    return config.replace(train=train).replace(**changes)
