"""Forward pass, gradient and compilation of the two response normalisation layers."""

import contextlib
import functools
import numbers
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

_is_portable = ContextVar("is_portable", default=False)


@contextlib.contextmanager
def portable_operations() -> Iterator[None]:
    """A context in which layers are traced without XLA operations and independently of this machine's GPU.

    A SavedModel with XLA operations needs a server with XLA, and ONNX has no XLA operations.
    """
    token = _is_portable.set(True)
    try:
        yield
    finally:
        _is_portable.reset(token)


def runs_on_gpu() -> bool:
    """Whether a GPU is visible; always False within `portable_operations`."""
    return not _is_portable.get() and bool(tf.config.get_visible_devices("GPU"))


@dataclass(frozen=True)
class Window:
    """A window around each value: `size` values along each axis, starting `size // 2` before the value."""

    size: int

    def sum(self, values: tf.Tensor) -> tf.Tensor:
        """Sums the values in the window around each position."""
        return self._sum(values, self.size // 2)

    def adjoint_sum(self, values: tf.Tensor) -> tf.Tensor:
        """Sums over all positions whose window contains this position; equals `sum` for odd `size`."""
        return self._sum(values, self.size - 1 - self.size // 2)

    def _sum(self, values: tf.Tensor, before: int) -> tf.Tensor:
        raise NotImplementedError


class ChannelWindow(Window):
    """A window over neighbouring channels, for inputs [positions, channels]."""

    def _sum(self, values: tf.Tensor, before: int) -> tf.Tensor:
        channels = values.shape[-1]
        padded = tf.pad(values, [[0, 0], [before, self.size - 1 - before]])
        return tf.add_n([padded[:, start : start + channels] for start in range(self.size)])


class SpatialWindow(Window):
    """A square window over neighbouring positions, for inputs [batch, height, width, channels]."""

    def _sum(self, values: tf.Tensor, before: int) -> tf.Tensor:
        margin = [before, self.size - 1 - before]
        padded = tf.pad(values, [[0, 0], margin, margin, [0, 0]])
        return self.size**2 * tf.nn.avg_pool2d(padded, self.size, 1, "VALID")


def check_arguments(name: str, size: int, k: float, alpha: float, beta: float) -> None:
    """Raises a ValueError if the window size (argument `name`) or a coefficient is out of range."""
    if isinstance(size, bool) or not isinstance(size, numbers.Integral) or size < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1; received {size!r}")
    if not k > 0:
        raise ValueError(f"k: expected a number above 0; received {k!r}")
    if not alpha >= 0:
        raise ValueError(f"alpha: expected a number of at least 0; received {alpha!r}")
    if not np.isfinite(beta):
        raise ValueError(f"beta: expected a finite number; received {beta!r}")


def floating(inputs: ArrayLike | tf.Tensor, dtype: str) -> tf.Tensor:
    """The inputs as a floating-point tensor; integers are cast to `dtype`."""
    inputs = tf.convert_to_tensor(inputs)
    return inputs if inputs.dtype.is_floating else tf.cast(inputs, dtype)


def response_normalization(
    inputs: tf.Tensor, window: Window, k: float, alpha: float, beta: float, compiled: bool = False
) -> tf.Tensor:
    """`a / (k + alpha * window.sum(a^2))^beta` with the shape and dtype of `inputs`.

    The computation is in float32, or float64 for float64 inputs. With `compiled` it uses XLA, except within
    `portable_operations`. `inputs` are floating-point numbers in the layout that `window` expects.
    """
    portable = _is_portable.get()
    spec = tf.TensorSpec([None, *inputs.shape[1:]], inputs.dtype)
    compiled = compiled and not portable
    forward, normalize, normalize_in_graph = _kernels(
        spec, window, float(k), float(alpha), float(beta), compiled
    )
    if portable:
        # An exported network needs no gradient.
        return forward(inputs)
    return normalize(inputs) if tf.executing_eagerly() else normalize_in_graph(inputs)


@functools.cache
def _kernels(
    spec: tf.TensorSpec, window: Window, k: float, alpha: float, beta: float, compiled: bool
) -> tuple[Callable[..., tf.Tensor], Callable[..., tf.Tensor], Callable[..., tf.Tensor]]:
    """Three functions for the output: without a gradient, with a gradient, and as a graph with a gradient.

    The gradient is computed from the input, without stored results of the forward pass. In compiled code
    this is faster than reading stored results, because memory traffic limits the speed. Without compilation,
    TensorFlow finds the repeated operations in its graph and computes them once.
    """
    wide = tf.float64 if spec.dtype == tf.float64 else tf.float32

    def sums_and_power(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        sums = k + alpha * window.sum(tf.square(x))
        if beta != 0.75:
            return sums, tf.pow(sums, -beta)
        # s^-3/4 = s^-1/2 s^-1/4, which is much faster than the general power.
        root = tf.math.rsqrt(sums)
        return sums, root * tf.sqrt(root)

    def forward(inputs: tf.Tensor) -> tf.Tensor:
        x = tf.cast(inputs, wide)
        return tf.cast(x * sums_and_power(x)[1], spec.dtype)

    def backward(inputs: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        # g s^-beta - 2 alpha beta x W'(g x s^(-beta-1)): g is `upstream`, s is `sums`, W' is `adjoint_sum`.
        x = tf.cast(inputs, wide)
        sums, power = sums_and_power(x)
        direct = tf.cast(upstream, wide) * power
        through = x * window.adjoint_sum(direct * x / sums)
        return tf.cast(direct - 2 * alpha * beta * through, spec.dtype)

    if compiled:
        # TensorFlow traces each function once; XLA compiles it again for each size of the first axis.
        forward = tf.function(forward, input_signature=[spec], jit_compile=True)
        backward = tf.function(backward, input_signature=[spec, spec], jit_compile=True)

    @tf.custom_gradient
    def normalize(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return forward(inputs), lambda upstream: backward(inputs, upstream)

    # TensorFlow never frees a graph that contains a custom gradient. If it were the network's graph, all
    # variables of the network would stay in memory. So `normalize` gets a small graph of its own.
    return forward, normalize, tf.function(normalize, input_signature=[spec])
