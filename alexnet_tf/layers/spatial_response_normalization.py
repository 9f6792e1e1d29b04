"""Response normalisation across the positions of one feature map, from the authors' program."""

from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.layers.response_normalization import (
    SpatialWindow,
    check_arguments,
    floating,
    response_normalization,
)


@keras.saving.register_keras_serializable("alexnet_tf")
class SpatialResponseNormalization(keras.layers.Layer):
    """Divides each value by a power of the summed squares around it in the same channel.

        b[y, x] = a[y, x] / (k + alpha / window^2 * sum_{i, j} a[i, j]^2)^beta

    The sum runs over `window` x `window` positions that start at `y - window//2` and `x - window//2`.
    Positions outside the image count as zeros.

    The paper does not mention this layer. In the authors' program, which calls it "same map", it follows the
    second normalisation across channels. The defaults are that program's values, except for `k`. The released
    program lacks the code of the layer, so `k` is a guess. The authors' smaller CIFAR-10 nets have
    `window=3`, `alpha=5e-5` and no other normalisation.

    The input is [batch, height, width, channels]; the output has the same shape. Under mixed precision the
    layer computes in float32 and returns the compute dtype.

    Args:
        window: side of the neighbourhood in positions, at least 1.
        k: above 0.
        alpha: at least 0, in 1 / (unit of the input)^2.
        beta: any finite number.
        divide_alpha: divide `alpha` by `window ** 2`, as in the formula and in the authors' program.

    Raises:
        ValueError: if an argument is out of range, or the input does not have rank 4.

    Example:

    >>> import numpy as np
    >>> layer = SpatialResponseNormalization(window=3, alpha=9.0, beta=1.0)
    >>> print(layer(np.ones((1, 3, 3, 1))).numpy()[0, :, :, 0].round(4))
    [[0.2    0.1429 0.2   ]
     [0.1429 0.1    0.1429]
     [0.2    0.1429 0.2   ]]
    """

    def __init__(
        self,
        window: int = 5,
        k: float = 1.0,
        alpha: float = 1e-3,
        beta: float = 0.75,
        divide_alpha: bool = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_arguments("window", window, k, alpha, beta)
        self.window = int(window)
        self.k = k
        self.alpha = alpha
        self.beta = beta
        self.divide_alpha = divide_alpha

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if len(input_shape) != 4:
            raise ValueError(
                f"input: expected [batch, height, width, channels]; received shape {tuple(input_shape)}"
            )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        alpha = self.alpha / self.window**2 if self.divide_alpha else self.alpha
        window = SpatialWindow(self.window)
        inputs = floating(inputs, self.compute_dtype)
        return response_normalization(inputs, window, self.k, alpha, self.beta)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        own = ("window", "k", "alpha", "beta", "divide_alpha")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
