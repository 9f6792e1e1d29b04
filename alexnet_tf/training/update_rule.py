"""The update rule of `TrainConfig`: the paper's, or Adam with the same decay and bias rate."""

from typing import Literal

import keras

from alexnet_tf.training.adam import L2Adam
from alexnet_tf.training.optimizers import MomentumSGD


def make_optimizer(
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    bias_rate: float = 1.0,
    optimizer: Literal["momentum", "adam", "amsgrad"] = "momentum",
    freezable: str = "",
) -> keras.optimizers.Optimizer:
    """An update rule of `TrainConfig`, the paper's (section 5) by default, for `compile` of any Keras model.

    The paper's rule moves velocity and weights of an array in one operation, on every device; decay is added
    to the gradient before it.

    Args:
        learning_rate: eps.
        momentum: m; Adam's beta 1.
        weight_decay: d, the L2 coefficient of kernels, inside the gradient.
        bias_rate: multiple of eps for biases; 2 in the authors' program.
        optimizer: the rule.
        freezable: name of a layer that the paper's rule can hold fast.

    Raises:
        ValueError: for another rule, and for `freezable` with one that is not the paper's.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile(make_optimizer(0.01, weight_decay=5e-4), "mse")
    """
    if optimizer not in ("momentum", "adam", "amsgrad"):
        raise ValueError(f"optimizer: expected 'momentum', 'adam' or 'amsgrad'; received {optimizer!r}")
    if optimizer != "momentum":
        if freezable:
            raise ValueError(f"freezable: expected optimizer='momentum'; received {optimizer!r}")
        return L2Adam(
            learning_rate, momentum, decay=weight_decay, bias_rate=bias_rate, amsgrad=optimizer == "amsgrad"
        )
    return MomentumSGD(learning_rate, momentum, decay=weight_decay, bias_rate=bias_rate, freezable=freezable)
