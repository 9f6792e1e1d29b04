"""The networks, layers and training of "ImageNet Classification with Deep Convolutional Neural Networks".

The public interface consists of the names in `__all__`. They are imported at their first use, so that reading
a configuration or a result does not have to wait for TensorFlow.
"""

import importlib
import os
import sys

__version__ = "0.1.0"

# By default TensorFlow does not use oneDNN on CPUs without AVX512_VNNI, although oneDNN makes the training
# step twice as fast on such CPUs too (benchmarks/LOG.md). TensorFlow reads this variable on import; an
# existing value is kept.
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
    "PadToCover": "alexnet_tf.layers",
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
    "load_trained": "alexnet_tf.checkpoints.saved",
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
    # Under another backend the layers would fail later, deep in a traceback of Keras.
    importlib.import_module("alexnet_tf.runtime.startup").check_keras_settings(["backend"])
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__


# Keras loads a saved model only if its classes are registered. Importing these modules registers them.
_REGISTERED = ("alexnet_tf.layers", "alexnet_tf.training.optimizers")


class _RegisterLater:
    """An import finder that imports the modules of `_REGISTERED` after both Keras and TensorFlow.

    Importing them earlier would take seconds, also in programs that use neither Keras nor TensorFlow.
    """

    def __init__(self, awaited: set[str]):
        self._awaited = awaited

    def find_spec(self, name, path=None, target=None):
        if name not in self._awaited:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module):
                execute(module)
                self._awaited.discard(name)
                if not self._awaited:
                    sys.meta_path.remove(self)
                    _register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def _register() -> None:
    for module in _REGISTERED:
        importlib.import_module(module)


if _awaited := {"keras", "tensorflow"} - set(sys.modules):
    sys.meta_path.insert(0, _RegisterLater(_awaited))
else:
    _register()
