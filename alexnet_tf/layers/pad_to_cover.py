"""Zero padding of images of any size, as in the authors' program (224 -> 227)."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("alexnet_tf")
class PadToCover(keras.layers.Layer):
    """Pads images with zeros at the bottom and right, until a convolution's windows cover every pixel.

    A side of `s` pixels becomes the smallest `kernel + i * stride >= s`, with a whole number `i`. The layer
    is for networks whose input has sides of unknown size.

    Args:
        kernel: side of the convolution's kernel.
        stride: stride of the convolution.

    Example:

    >>> PadToCover(11, 4)(tf.zeros([1, 224, 227, 3])).shape
    TensorShape([1, 227, 227, 3])
    """

    def __init__(self, kernel: int, stride: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.kernel = kernel
        self.stride = stride

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(inputs)
        below, right = (self.kernel - shape[1]) % self.stride, (self.kernel - shape[2]) % self.stride
        return tf.pad(inputs, [[0, 0], [0, below], [0, right], [0, 0]])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sides, channels = input_shape
        sides = [side and side + (self.kernel - side) % self.stride for side in sides]
        return (batch, *sides, channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernel": self.kernel, "stride": self.stride}
