"""The ranges of a configuration's numbers, checked before anything is read or trained."""

import dataclasses
import math
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError

# Keras takes no larger seed.
LARGEST_SEED = 2**32 - 1


def check_config(config: Config) -> None:
    """Raises an InputError that names the field for the first number out of its range.

    `check_run` checks what depends on the images and the devices.

    Example:

    >>> check_config(Config())
    >>> check_config(Config().replace(momentum=2.0))
    Traceback (most recent call last):
    alexnet_tf.runtime.errors.InputError: momentum: expected a number >= 0 and < 1; received 2.0
    """
    data, train = config.data, config.train
    for name, value in dataclasses.asdict(config.model).items():
        if isinstance(value, float):
            _check(name, value, math.isfinite(value), "a finite number")
    _check("seed", config.seed, 0 <= config.seed <= LARGEST_SEED, f"a whole number from 0 to {LARGEST_SEED}")
    for name, least in (("image_size", 0), ("pad", 0), ("crop", 0), ("color_noise_until", 0)):
        _at_least(name, getattr(data, name), least)
    for name, most in (("rotation", 180), ("brightness", 1), ("gaussian_noise", 255)):
        _check(name, getattr(data, name), 0 <= getattr(data, name) <= most, f"a number from 0 to {most}")
    for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 1)):
        _at_least(name, getattr(train, name), least)
    for name in ("max_drops", "stop_extra_epochs", "early_stopping", "freeze_conv1_after"):
        _at_least(name, getattr(train, name), 0)
    rate = train.learning_rate
    _check("learning_rate", rate, 0 <= rate < math.inf, "a finite number >= 0")
    floor, factor = train.min_learning_rate, train.drop_factor
    _check("min_learning_rate", floor, 0 <= floor <= rate, f"a number from 0 to learning_rate {rate}")
    _check("drop_factor", factor, 1 <= factor < math.inf, "a finite number >= 1")
    _check("momentum", train.momentum, 0 <= train.momentum < 1, "a number >= 0 and < 1")
    for name in ("weight_decay", "bias_rate"):
        value = getattr(train, name)
        _check(name, value, 0 <= value < math.inf, "a finite number >= 0")
    _check(
        "stop_train_error", train.stop_train_error, 0 <= train.stop_train_error < 1, "a number >= 0 and < 1"
    )
    rising = all(before < after for before, after in zip((0, *train.drops), train.drops, strict=False))
    _check("drops", train.drops, rising, "increasing epochs >= 1")


def _at_least(name: str, value: int, least: int) -> None:
    _check(name, value, value >= least, f"a whole number >= {least}")


def _check(name: str, value: Any, holds: bool, expected: str) -> None:
    # A comparison with NaN is false, so NaN is refused too.
    if not holds:
        raise InputError(f"{name}: expected {expected}; received {value}")
