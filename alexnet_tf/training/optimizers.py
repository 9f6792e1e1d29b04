"""The optimizers of `TrainConfig`."""

from typing import Literal

import keras
import tensorflow as tf
from keras import ops


def with_decay(gradient, variable, name: str, decay: float):
    """The gradient plus L2 decay, `g + d w`, if the variable is a kernel; otherwise the gradient itself."""
    if not decay or name != "kernel":
        return gradient
    return gradient + ops.cast(decay, gradient.dtype) * ops.cast(variable, gradient.dtype)


@keras.saving.register_keras_serializable("alexnet_tf")
class MomentumSGD(keras.optimizers.SGD):
    """SGD with momentum, weight decay inside the velocity, and a separate learning rate for biases.

    `v <- m v - d eps w - eps g; w <- w + v` (paper, section 5). For biases, eps is multiplied by `bias_rate`.
    d is 0 for all variables except kernels.

    Args:
        learning_rate: eps.
        momentum: m.
        decay: d, the L2 coefficient. Unlike Keras's `weight_decay`, it is part of the velocity.
        bias_rate: multiple of eps for biases; 2 in the authors' program.
        freezable: name of a layer that `freeze` can freeze.

    Example:

    >>> MomentumSGD(0.01, decay=5e-4).get_config()["decay"]
    0.0005
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        decay: float = 0.0,
        bias_rate: float = 1.0,
        freezable: str = "",
        name: str = "momentum_sgd",
        **kwargs,
    ):
        # Keras refuses the integer 0.
        super().__init__(learning_rate=learning_rate, momentum=float(momentum), name=name, **kwargs)
        self.decay = decay
        self.bias_rate = bias_rate
        self.freezable = freezable

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        if self.freezable:
            # Changing a variable does not retrace the compiled loop.
            self._freezable_rate = self.add_variable((), initializer="ones", name="freezable_rate")

    def freeze(self) -> None:
        """Freezes the variables of the layer `freezable` from the next step on."""
        self._freezable_rate.assign(0.0)
        if not self.momentum:
            return
        # With a rate of 0 a remaining velocity would still move the weights.
        for variable, velocity in zip(self._trainable_variables, self.momentums, strict=True):
            if self._is_freezable(variable):
                velocity.assign(ops.zeros(velocity.shape, velocity.dtype))

    def _is_freezable(self, variable: keras.Variable) -> bool:
        return bool(self.freezable) and self.freezable in variable.path.split("/")[:-1]

    def update_step(self, gradient, variable, learning_rate):
        # Found by index: here `variable` is a tf.Variable, which lacks the name of its Keras variable.
        index = self._get_variable_index(variable)
        keras_variable = self._trainable_variables[index]
        name = keras_variable.name
        if self._is_freezable(keras_variable):
            learning_rate = learning_rate * ops.cast(self._freezable_rate, learning_rate.dtype)
        gradient = with_decay(gradient, variable, name, self.decay)
        if name == "bias" and self.bias_rate != 1:
            gradient = gradient * ops.cast(self.bias_rate, gradient.dtype)
        if self.nesterov or not self.momentum or isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        # One pass over memory. The result is bitwise equal to that of Keras's separate operations.
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[index].value.handle,
            lr=ops.cast(learning_rate, variable.dtype),
            grad=ops.cast(gradient, variable.dtype),
            momentum=ops.cast(self.momentum, variable.dtype),
        )

    def get_config(self):
        own = {"decay": self.decay, "bias_rate": self.bias_rate, "freezable": self.freezable}
        return super().get_config() | own


@keras.saving.register_keras_serializable("alexnet_tf")
class L2Adam(keras.optimizers.Adam):
    """Keras's Adam (Kingma and Ba, arXiv:1412.6980) with L2 decay of kernels inside the gradient.

    `g <- g + d w; m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
    w <- w - eps sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + 1e-8)` with b2 = .999. For biases, eps is
    multiplied by `bias_rate`. d is 0 for all variables except kernels.

    The decay is the same as PyTorch's `weight_decay` in Adam. Keras's `weight_decay` subtracts `eps d w` from
    the weights in a separate step (AdamW).

    Args:
        learning_rate: eps.
        beta_1: b1.
        decay: d, the L2 coefficient.
        bias_rate: multiple of eps for biases.
        amsgrad: whether the denominator uses the largest v so far (Reddi, Kale and Kumar, ICLR 2018).
        epsilon: the constant 1e-8 in the formula.

    Example:

    >>> L2Adam(0.001, decay=1e-5, amsgrad=True).get_config()["decay"]
    1e-05
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        decay: float = 0.0,
        bias_rate: float = 1.0,
        amsgrad: bool = False,
        epsilon: float = 1e-8,
        name: str = "l2_adam",
        **kwargs,
    ):
        super().__init__(
            learning_rate=learning_rate, beta_1=beta_1, epsilon=epsilon, amsgrad=amsgrad, name=name, **kwargs
        )
        self.decay = decay
        self.bias_rate = bias_rate

    def update_step(self, gradient, variable, learning_rate):
        # Found by index: here `variable` is a tf.Variable, which lacks the name of its Keras variable.
        name = self._trainable_variables[self._get_variable_index(variable)].name
        gradient = with_decay(gradient, variable, name, self.decay)
        if name == "bias":
            learning_rate = learning_rate * self.bias_rate
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "decay": self.decay, "bias_rate": self.bias_rate}


def make_optimizer(
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    bias_rate: float = 1.0,
    optimizer: Literal["momentum", "adam", "amsgrad"] = "momentum",
    freezable: str = "",
) -> keras.optimizers.Optimizer:
    """An optimizer of `TrainConfig`, for any Keras model.

    The default is the paper's update rule (section 5), without weight decay.

    Args:
        learning_rate: eps.
        momentum: m; beta_1 for Adam.
        weight_decay: d, the L2 coefficient; the decay of kernels is added to their gradient.
        bias_rate: multiple of eps for biases; 2 in the authors' program.
        optimizer: the update rule; `momentum` is the paper's.
        freezable: name of a layer that can be frozen later; only for the optimizer `momentum`.

    Raises:
        ValueError: for an unknown optimizer, or if `freezable` is given with `adam` or `amsgrad`.

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
