"""Local response normalisation across channels (paper, section 3.3)."""

from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.layers.response_normalization import (
    ChannelWindow,
    check_arguments,
    floating,
    response_normalization,
    runs_on_gpu,
)


@keras.saving.register_keras_serializable("alexnet_tf")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by a power of the summed squares of nearby channels.

    If `a_i` is channel `i` of one position, and `N` the number of channels (paper, section 3.3):

        b_i = a_i / (k + alpha * sum_j a_j^2)^beta,   j = max(0, i - n//2) .. min(N - 1, i + n//2)

    This window has `n` channels for odd `n`, but `n + 1` for even `n`. For even `n` the layer uses the `n`
    channels of the authors' program instead: `j = i - n//2 .. i - n//2 + n - 1`.

    The input is channels-last and has rank 2 or more; the output has the same shape. Under mixed precision
    the layer computes in float32 and returns the compute dtype.

    Args:
        n: number of channels in the window, at least 1.
        k: above 0.
        alpha: at least 0, in 1 / (unit of the input)^2. For inputs of unit scale, 1e-4 is so small that the
            layer does little more than multiply by `k ** -beta`.
        beta: any finite number.
        divide_alpha: divide `alpha` by `n`, as the authors' program and PyTorch do; the paper does not
            mention this.

    Raises:
        ValueError: if an argument is out of range, or the input has no channel axis of known size.

    Example:

    >>> import numpy as np
    >>> layer = LocalResponseNormalization(n=3, k=1.0, alpha=1.0, beta=1.0)
    >>> print(layer(np.array([[1.0, 2.0, 3.0]])).numpy().round(4))
    [[0.1667 0.1333 0.2143]]
    """

    def __init__(
        self,
        n: int = 5,
        k: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        divide_alpha: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_arguments("n", n, k, alpha, beta)
        self.n = int(n)
        self.k = k
        self.alpha = alpha
        self.beta = beta
        self.divide_alpha = divide_alpha
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "input: expected a batch axis first and a channel axis of known size last; "
                f"received shape {tuple(input_shape)}"
            )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        inputs = floating(inputs, self.compute_dtype)
        # Reshaped to [positions, channels], so that one compiled function serves inputs of all ranks.
        rows = tf.reshape(inputs, [-1, inputs.shape[-1]])
        outputs = response_normalization(
            rows,
            ChannelWindow(self.n),
            self.k,
            self.alpha / self.n if self.divide_alpha else self.alpha,
            self.beta,
            # On a CPU, XLA doubles or triples the speed. On a GPU, XLA needs an installed compiler.
            compiled=not runs_on_gpu(),
        )
        return tf.reshape(outputs, tf.shape(inputs))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        own = ("n", "k", "alpha", "beta", "divide_alpha")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
