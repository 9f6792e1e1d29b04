"""Adam with the decay and the bias rate that `MomentumSGD` has."""

import keras

from alexnet_tf.training.optimizers import with_decay


@keras.saving.register_keras_serializable("alexnet_tf")
class L2Adam(keras.optimizers.Adam):
    """Keras's Adam (Kingma and Ba, arXiv:1412.6980) with L2 decay of kernels inside the gradient.

    `g <- g + d w; m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
    w <- w - eps sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + 1e-8)`, with d = 0 and eps multiplied by
    `bias_rate` for biases, b2 = .999. This is PyTorch's `weight_decay`; Keras's own of that name takes
    `eps d w` from the weights beside Adam's step (AdamW).

    Args:
        learning_rate: eps.
        beta_1: b1.
        decay: d, the L2 coefficient.
        bias_rate: multiple of eps for biases.
        amsgrad: v in the denominator is the largest so far (Reddi, Kale and Kumar, ICLR 2018).

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
        # By index: under TensorFlow `variable` is the tf.Variable, which does not keep Keras's name.
        name = self._trainable_variables[self._get_variable_index(variable)].name
        gradient = with_decay(gradient, variable, name, self.decay)
        if name == "bias":
            learning_rate = learning_rate * self.bias_rate
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "decay": self.decay, "bias_rate": self.bias_rate}
