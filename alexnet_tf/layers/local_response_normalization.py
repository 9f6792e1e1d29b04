"""Local response normalisation across channels (paper, section 3.3)."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("alexnet_tf")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by a power of the summed squares of nearby channels.

    With `a_i` channel `i` of one position and `N` channels (paper, section 3.3):

        b_i = a_i / (k + alpha * sum_j a_j^2)^beta,   j = max(0, i - n//2) .. min(N - 1, i + n//2)

    An even `n`, which the paper's formula does not cover, takes `n` channels too, as the authors'
    program does: `j = i - n//2 .. i - n//2 + n - 1`. That program also divides `alpha` by `n`
    (so does PyTorch), which the paper does not say.

    The input is channels-last and of any rank from 2 on; the output has its shape. Under mixed
    precision the arithmetic is float32, the output has the compute dtype.

    Args:
        n: number of channels in the window, at least 1.
        k: additive constant, above 0.
        alpha: scale of the sum of squares, at least 0, in the inverse units of the squared input: on
            inputs of unit scale 1e-4 leaves little but the constant factor `k ** -beta`.
        beta: exponent.
        divide_alpha: divide `alpha` by `n`, as the authors' program does.

    Raises:
        ValueError: for arguments out of range, or an input without a channel axis of known size.

    Example:

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
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n: expected a whole number of at least 1, received {n!r}")
        if not k > 0:
            raise ValueError(f"k: expected a number above 0, received {k!r}")
        if not alpha >= 0:
            raise ValueError(f"alpha: expected a number of at least 0, received {alpha!r}")
        if not np.isfinite(beta):
            raise ValueError(f"beta: expected a finite number, received {beta!r}")
        self.n = n
        self.k = k
        self.alpha = alpha
        self.beta = beta
        self.divide_alpha = divide_alpha
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "input: expected a batch axis first and a channel axis of known size last, "
                f"received shape {tuple(input_shape)}"
            )
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        inputs = tf.convert_to_tensor(inputs)
        forward, backward = _kernels(
            channels=inputs.shape[-1],
            dtype=inputs.dtype,
            n=self.n,
            k=float(self.k),
            alpha=self.alpha / self.n if self.divide_alpha else float(self.alpha),
            beta=float(self.beta),
            compiled=not tf.config.get_visible_devices("GPU"),
        )

        @tf.custom_gradient
        def normalize(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            shape = tf.shape(inputs)
            rows = tf.reshape(inputs, [-1, inputs.shape[-1]])

            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                return tf.reshape(backward(rows, tf.reshape(upstream, tf.shape(rows))), shape)

            return tf.reshape(forward(rows), shape), gradient

        return normalize(inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "n": self.n,
            "k": self.k,
            "alpha": self.alpha,
            "beta": self.beta,
            "divide_alpha": self.divide_alpha,
        }


@functools.cache
def _kernels(
    channels: int, dtype: tf.DType, n: int, k: float, alpha: float, beta: float, compiled: bool
) -> tuple[Callable[..., tf.Tensor], Callable[..., tf.Tensor]]:
    """The output, and the gradient, of a [positions, channels] matrix.

    The gradient starts again from the input: both are bound by memory traffic, and reading back what
    the forward pass computed costs more than computing it again (and 8 bytes per activation of
    memory between the passes). XLA makes one or two loops over memory of each function. With a GPU
    visible they run as single operations, unless the caller compiles the whole step.
    """
    wide = tf.float64 if dtype == tf.float64 else tf.float32
    before, after = n // 2, n - 1 - n // 2

    def window_sum(values: tf.Tensor, before: int, after: int) -> tf.Tensor:
        before, after = min(before, channels - 1), min(after, channels - 1)
        padded = tf.pad(values, [[0, 0], [before, after]])
        return tf.add_n([padded[:, i : i + channels] for i in range(before + 1 + after)])

    def sums_and_power(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        sums = k + alpha * window_sum(tf.square(x), before, after)
        if beta != 0.75:
            return sums, tf.pow(sums, -beta)
        # s^-3/4 = s^-1/2 s^-1/4, much faster than the general power.
        root = tf.math.rsqrt(sums)
        return sums, root * tf.sqrt(root)

    def forward(inputs: tf.Tensor) -> tf.Tensor:
        x = tf.cast(inputs, wide)
        return tf.cast(x * sums_and_power(x)[1], dtype)

    def backward(inputs: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        # g s^-beta - 2 alpha beta x W'(g x s^(-beta-1)), with W' the window seen from its members.
        x = tf.cast(inputs, wide)
        sums, power = sums_and_power(x)
        direct = tf.cast(upstream, wide) * power
        through = x * window_sum(direct * x / sums, after, before)
        return tf.cast(direct - 2 * alpha * beta * through, dtype)

    if not compiled:
        return forward, backward
    # One trace for any number of positions; XLA compiles once per number it meets.
    matrix = tf.TensorSpec([None, channels], dtype)
    return (
        tf.function(forward, input_signature=[matrix], jit_compile=True),
        tf.function(backward, input_signature=[matrix, matrix], jit_compile=True),
    )
