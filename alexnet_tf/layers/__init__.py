"""The layers that Keras lacks."""

from alexnet_tf.layers.local_response_normalization import LocalResponseNormalization

__all__ = ["LocalResponseNormalization"]
