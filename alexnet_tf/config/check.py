"""Checks the types and ranges of a configuration's values, before data are read or a network is trained."""

import dataclasses
import math
import typing
from collections.abc import Sequence
from typing import Any

from alexnet_tf.config.fields import Config
from alexnet_tf.config.values import check_type
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.suggestion import did_you_mean

# Names of Keras's activations. They are listed here because Keras is imported only after this check.
ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
)  # fmt: skip
# Upper bounds: without them a small model.json could describe a network that fills the memory.
LARGEST = {"image_size": 4096, "crop": 4096, "pad": 128, "width": 64, "other": 2**14}
# The largest seed that Keras accepts.
LARGEST_SEED = 2**32 - 1


def check_config(config: Config) -> None:
    """Raises an InputError that names the first field whose value is of another type or out of range.

    Example:

    >>> check_config(Config())
    >>> check_config(Config().replace(momentum=2.0))
    Traceback (most recent call last):
    alexnet_tf.runtime.errors.InputError: momentum: expected a number >= 0 and < 1; received 2.0
    """
    data, train, rate = config.data, config.train, config.train.learning_rate
    # Python code can set a field to any value. A misspelt word, such as the schedule `step`, would otherwise
    # have the effect of another word.
    for part in (config, data, config.model, train):
        for name, hint in typing.get_type_hints(type(part)).items():
            if not dataclasses.is_dataclass(getattr(part, name)):
                check_type(name, getattr(part, name), hint)
    model = dataclasses.asdict(config.model)
    sides = {name: getattr(data, name) for name in ("image_size", "crop", "pad")}
    for name, value in (model | sides).items():
        most = LARGEST.get(name, LARGEST["other"])
        for size in value if isinstance(value, tuple | list) else (value,):
            if isinstance(size, int) or name == "width":
                _check(name, size, not most < size < math.inf, f"at most {most}")
    for name, value in model.items():
        if isinstance(value, float):
            _check(name, value, math.isfinite(value), "a finite number")
        if name == "dropout":
            _check(name, value, 0 <= value < 1, "a number >= 0 and < 1")
        elif name == "width":
            _check(name, value, value > 0, "a number > 0")
        elif name in ("pool_size", "stem_kernel", "stem_stride", "towers"):
            _check(name, value, value >= 1, "a whole number >= 1")
        elif name == "activation" and value not in ACTIVATIONS:
            meant = did_you_mean(value, ACTIVATIONS)
            raise InputError(f"activation: expected one of {', '.join(ACTIVATIONS)}; received {value}{meant}")
    _check("seed", config.seed, 0 <= config.seed <= LARGEST_SEED, f"a whole number from 0 to {LARGEST_SEED}")
    for part, least, names in (
        (data, 0, ("image_size", "pad", "crop", "color_noise_until")),
        (train, 0, ("max_drops", "stop_extra_epochs", "early_stopping", "freeze_conv1_after")),
        (train, 1, ("epochs", "batch_size", "patience")),
    ):
        for name in names:
            value = getattr(part, name)
            _check(name, value, value >= least, f"a whole number >= {least}")
    side = data.image_size + 2 * data.pad
    fits = data.crop <= side or not data.image_size
    _check("crop", data.crop, fits, f"at most image_size + 2 pad = {side}")
    for name, most in (("rotation", 180), ("brightness", 1), ("gaussian_noise", 255)):
        _check(name, getattr(data, name), 0 <= getattr(data, name) <= most, f"a number from 0 to {most}")
    for name, least in (("learning_rate", 0), ("weight_decay", 0), ("bias_rate", 0), ("drop_factor", 1)):
        value = getattr(train, name)
        _check(name, value, least <= value < math.inf, f"a finite number >= {least}")
    for name in ("momentum", "stop_train_error"):
        _check(name, getattr(train, name), 0 <= getattr(train, name) < 1, "a number >= 0 and < 1")
    floor = train.min_learning_rate
    _check("min_learning_rate", floor, 0 <= floor <= rate, f"a number from 0 to learning_rate {rate}")
    rising = all(before < after for before, after in zip((0, *train.drops), train.drops, strict=False))
    _check("drops", train.drops, rising, "increasing epochs >= 1")


# Field of the training -> (another field, values of it with which the first has an effect; None: all but 0).
_NEEDS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "drops": ("schedule", ("steps",)),
    "drop_factor": ("schedule", ("steps", "plateau")),
    "patience": ("schedule", ("plateau",)),
    "max_drops": ("schedule", ("plateau",)),
    "stop_extra_epochs": ("stop_train_error", None),
    "early_stopping_watch": ("early_stopping", None),
}


def ineffective(config: Config, settings: Sequence[str]) -> str:
    """An error message if another field deprives one of the `--set` settings of its effect; else empty.

    Example:

    >>> ineffective(Config().with_settings("drops=30,60"), ["drops=30,60"])
    '--set drops=30,60: expected schedule=steps too; received schedule=constant, with which it has no effect'
    """
    for setting in settings:
        name = setting.partition("=")[0]
        other, values = _NEEDS.get(name, ("", None))
        # A default needs no effect.
        if not other or getattr(config.train, name) == getattr(type(config.train), name):
            continue
        value = getattr(config.train, other)
        if value == 0 if values is None else value not in values:
            needed = " or ".join(f"{other}={one}" for one in values or ("...",))
            received = f"{other}={value}, with which it has no effect"
            return f"--set {setting}: expected {needed} too; received {received}"
    return ""


def _check(name: str, value: Any, holds: bool, expected: str) -> None:
    # Comparisons with NaN are false, so NaN is rejected too.
    if not holds:
        raise InputError(f"{name}: expected {expected}; received {value}")
