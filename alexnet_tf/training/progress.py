"""How far a run is: a bar on a terminal, lines in a log, both with images per second and the time left."""

import sys
import time

import keras
from tqdm import tqdm

# In a log, an epoch longer than this has lines of its own.
LOG_SECONDS = 600.0


class ProgressBar(keras.callbacks.Callback):
    """Epochs, rate, time left, training and test error of the last epoch, on standard error.

    On a terminal this is one moving line; elsewhere one line after each epoch, and every ten minutes within
    one. The time left counts evaluation too, and assumes that the run goes to its cap; runs that stop at a
    target end earlier.

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
        self._first = None
        if not sys.stderr.isatty():
            return
        self._bar = tqdm(
            total=self._epochs * self._images_per_epoch,
            desc=self._label,
            unit=" images",
            unit_scale=True,
            mininterval=1.0,
            dynamic_ncols=True,
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._epoch_started = epoch, time.monotonic()
        if self._first is None:
            # Epochs of an earlier sitting count as done, but not for the rate.
            self._first, self._started, self._last_line = epoch, self._epoch_started, self._epoch_started
            if self._bar:
                self._bar.n = self._bar.initial = epoch * self._images_per_epoch
        if self._bar:
            self._bar.set_description(f"{self._label} epoch {epoch + 1}/{self._epochs}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        done = (batch + 1) * self._batch_size
        if self._bar:
            self._bar.update(self._epoch * self._images_per_epoch + done - self._bar.n)
        elif time.monotonic() - self._last_line > LOG_SECONDS:
            rate = done / (time.monotonic() - self._epoch_started)
            share = done / self._images_per_epoch
            self._line(f"{share:.0%}", rate, self._epoch + share)

    def on_epoch_end(self, epoch, logs=None):
        errors = f"train {logs['train_error']:.1%} test {logs['test_error']:.1%}"
        if self._bar:
            self._bar.set_postfix_str(errors)
        else:
            # A run that breaks down in its first epoch has measured no speed.
            speed = logs["images_per_second"] or 0.0
            self._line(f"{errors}, rate {logs['learning_rate']:g}", speed, self._epoch + 1)

    def on_train_end(self, logs=None):
        if self._bar:
            self._bar.close()

    def _line(self, text: str, images_per_second: float, epochs_done: float) -> None:
        now = time.monotonic()
        left = (now - self._started) / (epochs_done - self._first) * (self._epochs - epochs_done)
        speed = f"{images_per_second:,.0f} images/s, {duration(left)} left"
        label = f"{self._label} epoch {self._epoch + 1}/{self._epochs}"
        print(f"{label}: {text}, {speed}", file=sys.stderr, flush=True)
        self._last_line = now


def duration(seconds: float) -> str:
    """A time in two units.

    Example:

    >>> duration(7), duration(200), duration(5 * 3600 + 100), duration(400_000)
    ('7 s', '3 min 20 s', '5 h 1 min', '4 d 15 h')
    """
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    left, parts = round(seconds), []
    for unit, size in units:
        if left >= size or parts:
            parts.append((left // size, unit))
            left %= size
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"
