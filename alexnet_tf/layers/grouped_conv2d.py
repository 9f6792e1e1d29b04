"""Grouped convolution that is also fast on CPUs, for the two towers of the paper (section 3.2)."""

from typing import Any, Literal

import keras
import tensorflow as tf

from alexnet_tf.layers.response_normalization import runs_on_gpu


@keras.saving.register_keras_serializable("alexnet_tf")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` that computes its `groups` one after the other on CPUs, where that is faster.

    With `c` the channels and `f` the filters of one group:

        out[..., f] = correlate(in[..., c], kernel[..., f]) + bias[f]

    Channels and filters are split into contiguous groups of equal size. In the paper, layers 2, 4 and 5 have
    one group per GPU (section 3.2). Input and output are [batch, height, width, channels].

    The weights have the shapes of `keras.layers.Conv2D(groups=...)`: kernel [height, width,
    channels / groups, filters], bias [filters]. Weights saved from a model with `Conv2D` layers load into
    one that has a `GroupedConv2D` in place of every `Conv2D`.

    Keras computes a grouped convolution with XLA. On a CPU this is several times slower than computing one
    group after the other. On a GPU cuDNN computes all groups at once.

    Args:
        filters: number of filters in all groups together.
        kernel_size, strides: one or two integers, in pixels.
        padding: "valid" or "same".
        groups: must divide the number of input channels and `filters`.
        implementation: "split" computes group by group, "native" uses Keras's implementation, "auto" is
            "native" if a GPU is visible when the layer is called (or traced) and the model is not being
            exported, else "split".
        **kwargs: other arguments of `keras.layers.Conv2D`, such as `activation`.

    Raises:
        ValueError: if an argument is invalid, or `data_format` is channels-first.

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
                f"implementation: expected 'auto', 'split' or 'native'; received {implementation!r}"
            )
        if self.data_format != "channels_last":
            raise ValueError(f"data_format: expected 'channels_last'; received {self.data_format!r}")
        self.implementation = implementation

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        native = self.implementation == "native" or (self.implementation == "auto" and runs_on_gpu())
        if native or self.groups == 1:
            return super().convolution_op(inputs, kernel)
        towers = zip(
            tf.split(inputs, self.groups, axis=-1), tf.split(kernel, self.groups, axis=-1), strict=True
        )
        convolve = super().convolution_op
        return tf.concat([convolve(part, bank) for part, bank in towers], axis=-1)

    def load_own_variables(self, store: Any) -> None:
        # Keras names the layers in a file after their class, so a saved Conv2D has `conv2d` in its path.
        path = getattr(store, "_h5_entry_path", None)
        if not store.keys() and path:
            folder, _, name = path.rpartition("/")
            store = store.get(f"{folder}/{name.replace('grouped_conv2d', 'conv2d')}")
        super().load_own_variables(store)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "implementation": self.implementation}
