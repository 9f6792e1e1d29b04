"""Custom Keras layers."""

from alexnet_tf.layers.dropout import Dropout
from alexnet_tf.layers.grouped_conv2d import GroupedConv2D
from alexnet_tf.layers.local_response_normalization import LocalResponseNormalization
from alexnet_tf.layers.pad_to_cover import PadToCover
from alexnet_tf.layers.spatial_response_normalization import SpatialResponseNormalization

__all__ = [
    "Dropout",
    "GroupedConv2D",
    "LocalResponseNormalization",
    "PadToCover",
    "SpatialResponseNormalization",
]
