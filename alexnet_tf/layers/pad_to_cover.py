"""Zero padding for images of any size, as in the authors' program (224 -> 227)."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("alexnet_tf")
class PadToCover(keras.layers.Layer):
    """Pads images with zeros at the bottom and right, until a convolution's windows cover every pixel.

    A side of `s` pixels becomes the smallest of the numbers `kernel + i * stride` (`i` = 0, 1, 2, ...) that
    is not below `s`.

    Args:
        kernel: side of the convolution's kernel, in pixels.
        stride: stride of the convolution, in pixels; 1 pads nothing.
        smallest: smallest accepted side of an image, in pixels; the default is `kernel`. It must be above
            `kernel - stride`, because sides up to that size would stay smaller than the kernel.

    Raises:
        InvalidArgumentError: when the layer is called, if a side of the images is below `smallest`.

    Example:

    >>> PadToCover(11, 4)(tf.zeros([1, 224, 227, 3])).shape
    TensorShape([1, 227, 227, 3])
    """

    def __init__(self, kernel: int, stride: int, smallest: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.kernel = kernel
        self.stride = stride
        self.smallest = kernel if smallest is None else smallest

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(inputs)
        expected = f"images: expected height and width of at least {self.smallest} pixels"
        tf.debugging.assert_greater_equal(shape[1:3], self.smallest, expected)
        below, right = (self.kernel - shape[1]) % self.stride, (self.kernel - shape[2]) % self.stride
        return tf.pad(inputs, [[0, 0], [0, below], [0, right], [0, 0]])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sides, channels = input_shape
        sides = [side and side + (self.kernel - side) % self.stride for side in sides]
        return (batch, *sides, channels)

    def get_config(self) -> dict[str, Any]:
        own = {"kernel": self.kernel, "stride": self.stride, "smallest": self.smallest}
        return {**super().get_config(), **own}
