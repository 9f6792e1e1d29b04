"""Reference implementations of the network's operations in NumPy, for reading and for testing.

Images are [batch, height, width, channels]. All functions compute in the precision of their arguments.
"""

from alexnet_tf.reference.activations import dropout, relu, softmax
from alexnet_tf.reference.alexnet import alexnet_activations, alexnet_forward, alexnet_weight_shapes
from alexnet_tf.reference.convolution import conv2d, dense
from alexnet_tf.reference.normalization import local_response_normalization, spatial_response_normalization
from alexnet_tf.reference.pooling import average_pool, max_pool
from alexnet_tf.reference.sizes import output_size, sides

__all__ = [
    "alexnet_activations",
    "alexnet_forward",
    "alexnet_weight_shapes",
    "average_pool",
    "conv2d",
    "dense",
    "dropout",
    "local_response_normalization",
    "max_pool",
    "output_size",
    "relu",
    "sides",
    "softmax",
    "spatial_response_normalization",
]
