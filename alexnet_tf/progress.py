"""A progress bar with images per second and the time left."""

import sys

import keras
from tqdm import tqdm


class ProgressBar(keras.callbacks.Callback):
    """One line for a run: epochs, rate, time left, training and test error of the last epoch.

    The time left assumes that the run goes to its cap; runs that stop at a target end earlier.

    Args:
        label: shown in front.
        images_per_epoch: images that one epoch trains on.
        batch_size: global batch.
        epochs: the cap.
    """

    def __init__(self, label: str, images_per_epoch: int, batch_size: int, epochs: int):
        super().__init__()
        self._label = label
        self._images_per_epoch = images_per_epoch // batch_size * batch_size
        self._batch_size = batch_size
        self._epochs = epochs
        self._bar = None

    def on_train_begin(self, logs=None):
        self._bar = tqdm(
            total=self._epochs * self._images_per_epoch,
            desc=self._label,
            unit=" images",
            unit_scale=True,
            # A log file wants a line now and then, not a moving bar.
            mininterval=1.0 if sys.stderr.isatty() else 60.0,
            dynamic_ncols=True,
        )

    def on_epoch_begin(self, epoch, logs=None):
        if self._bar.n == 0:
            # Epochs of an earlier sitting count as done, but not for the rate.
            self._bar.n = self._bar.initial = epoch * self._images_per_epoch
        self._epoch = epoch
        self._bar.set_description(f"{self._label} epoch {epoch + 1}/{self._epochs}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update(self._epoch * self._images_per_epoch + (batch + 1) * self._batch_size - self._bar.n)

    def on_epoch_end(self, epoch, logs=None):
        self._bar.set_postfix_str(f"train {logs['train_error']:.1%} test {logs['test_error']:.1%}")

    def on_train_end(self, logs=None):
        self._bar.close()
