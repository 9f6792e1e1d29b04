"""Tests of the claims of "ImageNet Classification with Deep Convolutional Neural Networks".

The public interface consists of the names in `__all__`; anything else may change. Names are imported on
first use, so that reading a configuration or a result does not have to wait for TensorFlow.
"""

import importlib
import os

__version__ = "0.1.0"

# By default TensorFlow does not use oneDNN on CPUs without AVX512_VNNI, although it makes the training step
# twice as fast there too (benchmarks/LOG.md). TensorFlow reads this variable on import; an existing value is
# kept.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_HOMES = {
    "AlexNetConfig": "alexnet_tf.config.models",
    "Config": "alexnet_tf.config.fields",
    "DataConfig": "alexnet_tf.config.fields",
    "CifarNetConfig": "alexnet_tf.config.models",
    "TrainConfig": "alexnet_tf.config.fields",
    "DataAccess": "alexnet_tf.data.load",
    "InputError": "alexnet_tf.runtime.errors",
    "open_data": "alexnet_tf.data.pipeline",
    "GroupedConv2D": "alexnet_tf.layers",
    "LocalResponseNormalization": "alexnet_tf.layers",
    "SpatialResponseNormalization": "alexnet_tf.layers",
    "AlexNet": "alexnet_tf.models",
    "build_model": "alexnet_tf.models",
    "cifar_net": "alexnet_tf.models",
    "CAFFE": "alexnet_tf.config.presets",
    "CODE": "alexnet_tf.config.presets",
    "ONE_TOWER": "alexnet_tf.config.presets",
    "PAPER": "alexnet_tf.config.presets",
    "SCALED": "alexnet_tf.config.presets",
    "decode_predictions": "alexnet_tf.models",
    "preprocess_input": "alexnet_tf.models",
    "load_caffe": "alexnet_tf.checkpoints.import_weights",
    "load_torchvision": "alexnet_tf.checkpoints.import_weights",
    "read_arrays": "alexnet_tf.checkpoints.import_weights",
    "MomentumSGD": "alexnet_tf.training.optimizers",
    "make_optimizer": "alexnet_tf.training.optimizers",
    "make_strategy": "alexnet_tf.training.strategy",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'alexnet_tf' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
