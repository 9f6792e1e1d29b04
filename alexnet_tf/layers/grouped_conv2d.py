"""Convolution in groups, fast on CPUs as well: the two towers of the paper (section 3.2)."""

from typing import Any, Literal

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("alexnet_tf", name="GroupedConv2D")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` whose `groups` are convolved one by one where that is faster.

        out[..., group f] = correlate(in[..., group c], kernel[..., group f]) + bias[group f]

    Channels and filters are split into `groups` equal runs, and each run of filters sees one run of
    channels: the paper's layers 2, 4 and 5 (section 3.2, Figure 2), with one group per GPU.

    Weights, their names and their place in a `.weights.h5` file are those of
    `keras.layers.Conv2D(groups=...)`: kernel [height, width, channels / groups, filters], bias [filters].
    Files saved with either layer load with the other.

    On a CPU TensorFlow computes a grouped convolution by way of XLA, several times slower than the groups
    one after the other. On a GPU cuDNN computes all groups at once.

    Args:
        filters: number of filters in all groups together.
        kernel_size: one or two whole numbers, pixels.
        strides: one or two whole numbers, pixels.
        padding: "valid" or "same".
        groups: number of groups; divides the input's channels and `filters`.
        implementation: "split" convolves group by group, "native" is Keras's own, "auto" is "native"
            where a GPU is visible when the layer is called (or traced), else "split".
        **kwargs: the other arguments of `keras.layers.Conv2D`: `activation`, `use_bias`, initializers...

    Input and output are [batch, height, width, channels].

    Raises:
        ValueError: for an unknown `implementation`, for channels first, and where Conv2D does.

    Example:

    >>> import numpy as np
    >>> layer = GroupedConv2D(4, 3, groups=2, kernel_initializer="ones")
    >>> print(layer(np.ones((1, 3, 3, 6))).numpy().ravel())
    [27. 27. 27. 27.]
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: Literal["valid", "same"] = "valid",
        groups: int = 1,
        implementation: Literal["auto", "split", "native"] = "auto",
        **kwargs: Any,
    ):
        super().__init__(filters, kernel_size, strides, padding, groups=groups, **kwargs)
        if implementation not in ("auto", "split", "native"):
            raise ValueError(
                f"implementation: expected 'auto', 'split' or 'native', received {implementation!r}"
            )
        if self.data_format != "channels_last":
            raise ValueError(f"data_format: expected 'channels_last', received {self.data_format!r}")
        self.implementation = implementation

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        native = self.implementation == "native" or (
            self.implementation == "auto" and bool(tf.config.get_visible_devices("GPU"))
        )
        if native or self.groups == 1:
            return super().convolution_op(inputs, kernel)
        towers = zip(
            tf.split(inputs, self.groups, axis=-1), tf.split(kernel, self.groups, axis=-1), strict=True
        )
        convolve = super().convolution_op
        return tf.concat([convolve(part, bank) for part, bank in towers], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "implementation": self.implementation}


# Keras addresses the layers in a .weights.h5 file by their class name: with Conv2D's name, this layer and
# Keras's own have the same address, in whatever order a model contains them.
GroupedConv2D.__name__ = "Conv2D"
