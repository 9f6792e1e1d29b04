"""The list of a set's files that cannot be used."""

from pathlib import Path

import keras

from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.results.csv_rows import to_lines
from alexnet_tf.runtime.files import write_text


def write_quarantine(path: Path, data: DataPipelines) -> None:
    """Writes `path,reason` for each file of the set that could not be used, so far."""
    write_text(path, to_lines([("path", "reason"), *data.image_set.quarantine]))


class QuarantineLog(keras.callbacks.Callback):
    """Writes the list when training begins, and anew after each epoch in which a file was lost.

    Args:
        path: of the CSV.
        data: the pipelines that are trained on.
    """

    def __init__(self, path: Path, data: DataPipelines):
        super().__init__()
        self._path, self._data = path, data
        self._written = None

    def on_train_begin(self, logs=None):
        self.on_epoch_end(0)

    def on_epoch_end(self, epoch, logs=None):
        count = len(self._data.image_set.quarantine)
        if count != self._written:
            write_quarantine(self._path, self._data)
            self._written = count
