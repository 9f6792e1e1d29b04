"""The networks, layers and training of "ImageNet Classification with Deep Convolutional Neural Networks".

The public names are imported at their first use, so reading results does not import TensorFlow.
"""

import importlib
import os
import sys

__version__ = "0.1.0"

# By default TensorFlow does not use oneDNN on CPUs without AVX512_VNNI, although oneDNN makes the training
# step twice as fast on such CPUs too (benchmarks/LOG.md). TensorFlow reads this variable on import.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_PUBLIC = {
    "checkpoints.import_weights": ("load_caffe", "load_torchvision", "read_arrays"),
    "checkpoints.saved": ("load_trained",),
    "config.fields": ("Config", "DataConfig", "TrainConfig"),
    "config.models": ("AlexNetConfig", "CifarNetConfig"),
    "config.presets": ("CAFFE", "CODE", "ONE_TOWER", "PAPER", "SCALED"),
    "data.load": ("DataAccess",),
    "data.pipeline": ("open_data",),
    "layers": ("GroupedConv2D", "LocalResponseNormalization", "PadToCover", "SpatialResponseNormalization"),
    "models": ("AlexNet", "build_model", "cifar_net", "decode_predictions", "preprocess_input"),
    "runtime.errors": ("InputError",),
    "training.optimizers": ("MomentumSGD", "make_optimizer"),
    "training.strategy": ("make_strategy",),
}
_HOMES = {name: f"alexnet_tf.{module}" for module, names in _PUBLIC.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'alexnet_tf' has no attribute {name!r}")
    # With another backend the layers would fail later, inside Keras.
    importlib.import_module("alexnet_tf.runtime.startup").check_keras_settings(["backend"])
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__


# Importing these registers the classes that Keras needs to load a saved model.
_REGISTERED = ("alexnet_tf.layers", "alexnet_tf.training.optimizers")


class _RegisterLater:
    """An import finder that imports `_REGISTERED` once Keras and TensorFlow are both imported.

    These modules import Keras and TensorFlow, which takes seconds. A program that needs neither Keras nor
    TensorFlow does not have to wait.
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
