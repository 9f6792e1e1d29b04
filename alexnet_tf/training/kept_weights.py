"""Weights kept beside those of the last epoch."""

import math
from pathlib import Path

import keras

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.runtime.files import write_by

EPOCHS_FOLDER = "epochs"
BEST_NAME = "best.weights.h5"


class KeptWeights(keras.callbacks.Callback):
    """Writes `epochs/0001.weights.h5` and so on after every epoch, or the best as `best.weights.h5`, or both.

    The best epoch is the one with the lowest value of what the config watches on the selection split, the
    first of equal ones. Nothing is remembered but in the run's history, so a resumed run keeps what an
    uninterrupted one does. A new run takes away what an earlier one kept under these names.

    Args:
        folder: of the trained network.
        config: says what is watched.
        epochs: keep every epoch.
        best: keep the best.
    """

    def __init__(self, folder: Path, config: TrainConfig, epochs: bool, best: bool):
        super().__init__()
        self._folder = folder
        self._watch = config.watch
        self._epochs = epochs
        self._best = best

    def on_train_begin(self, logs=None):
        if self.params["history"].curve:
            return
        if self._epochs:
            for path in (self._folder / EPOCHS_FOLDER).glob("*.weights.h5"):
                path.unlink()
        if self._best:
            (self._folder / BEST_NAME).unlink(missing_ok=True)

    def on_epoch_end(self, epoch, logs=None):
        history = self.params["history"]
        if history.status == "diverged":
            return
        if self._epochs:
            self._save(self._folder / EPOCHS_FOLDER / f"{epoch + 1:04d}.weights.h5")
        if self._best and best_epoch(history.watched(self._watch)) == epoch + 1:
            self._save(self._folder / BEST_NAME)

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_by(path, self.model.save_weights, weight_bytes(self.model))


def weight_bytes(model: keras.Model) -> int:
    """Bytes of a model's weights."""
    return sum(weight.value.dtype.size * math.prod(weight.shape) for weight in model.weights)


def best_epoch(values: list[float]) -> int:
    """The epoch, counted from 1, of the lowest value; the first of equal ones.

    Example:

    >>> best_epoch([0.5, 0.3, 0.4, 0.3])
    2
    """
    return values.index(min(values)) + 1


def folder_of(path: Path) -> Path:
    """The folder of the trained network that kept weights, or its model.keras, belong to.

    Example:

    >>> folder_of(Path("net/epochs/0003.weights.h5")).as_posix(), folder_of(Path("net")).as_posix()
    ('net', 'net')
    """
    if path.name.endswith(".weights.h5"):
        return path.parent.parent if path.parent.name == EPOCHS_FOLDER else path.parent
    return path.parent if path.name == "model.keras" else path
