"""Shows the progress of training: bars on a terminal, lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, TypeVar

import keras
from rich.progress import TaskID

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.runtime.bars import Bars, duration, make_bars

# Seconds between two lines of a log within an epoch.
LOG_SECONDS = 600.0
# Widths, in characters, of an epoch's line and of a bar's label on a terminal.
LINE_WIDTH, LABEL_WIDTH = 80, 30
Run = TypeVar("Run")


class CommandProgress:
    """A context in which one bar shows the progress of all runs of a command.

    Args:
        work: for each run, the number of images on which it trains (`images_to_train`).
    """

    current: ClassVar["CommandProgress | None"] = None

    def __init__(self, title: str, work: Sequence[int] = ()):
        self._title, self._work, self._done = title, list(work), [0] * len(work)
        self.position, self._finished, self._trained = 0, 0, 0

    def __enter__(self) -> "CommandProgress":
        self._started = time.monotonic()
        self.bars = make_bars()
        if self.bars:
            self.bars.start()
            self._task = self.bars.add_task(self._title, total=sum(self._work), info="")
        CommandProgress.current = self
        return self

    def __exit__(self, *error: object) -> None:
        CommandProgress.current = None
        if self.bars:
            self.bars.stop()

    def add(self, images: int) -> int:
        """Adds a run; returns its position."""
        self._work.append(images)
        self._done.append(0)
        return len(self._work) - 1

    def each(self, runs: Iterable[Run]) -> Iterator[Run]:
        """Yields `runs`, which must be in the order of `work`, and records when each one ends."""
        for self.position, run in enumerate(runs):
            self.advance(0, 0)
            yield run
            self.finish(self.position)

    def finish(self, position: int) -> None:
        self._done[position] = self._work[position]
        self._finished += 1

    def advance(self, done: int, trained: int) -> None:
        """Records the progress of the run at `self.position`.

        Args:
            done: images on which the run has trained, earlier sessions included.
            trained: images since the last call.
        """
        self._trained += trained
        self._done[self.position] = min(done, self._work[self.position])
        if self.bars:
            run = f"run {min(self._finished + 1, len(self._work))}/{len(self._work)}"
            total, info = sum(self._work), f"{run}, {self.left()}"
            self.bars.update(self._task, completed=sum(self._done), total=total, info=info)

    def left(self) -> str:
        """The time left for the whole command; empty before the first step."""
        if not self._trained:
            return ""
        left = sum(self._work) - sum(self._done)
        return f"{duration((time.monotonic() - self._started) / self._trained * left)} left"


class RunProgress(keras.callbacks.Callback):
    """Prints epoch, speed, time left and errors to standard error.

    The time left assumes that the run trains all its epochs.
    """

    def __init__(self, label: str, images: int, config: TrainConfig):
        super().__init__()
        self._label = label
        self._batch_size, self._epochs = config.batch_size, config.epochs
        self._images_per_epoch = images // config.batch_size * config.batch_size
        self._bars: Bars | None = None
        self._tasks: list[TaskID] = []

    def on_train_begin(self, logs=None):
        self._first = -1.0
        command = CommandProgress.current
        self._bars = command.bars if command else make_bars()
        if self._bars:
            if not command:
                self._bars.start()
            images = self._images_per_epoch
            totals = (self._label[:LABEL_WIDTH], self._epochs * images), ("", images)
            self._tasks = [self._bars.add_task(text, total=total, info="") for text, total in totals]

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._epoch_started, self._done, self._skipped = epoch, time.monotonic(), 0, 0
        if self._first < 0:
            # Images trained in an earlier session count as done, but not towards the speed.
            self._first, self._started, self._last_line = epoch, self._epoch_started, self._epoch_started

    def on_train_batch_begin(self, batch, logs=None):
        if self._done < batch * self._batch_size:
            # Steps trained before an interruption also count as done, but not towards the speed.
            self._done = self._skipped = batch * self._batch_size
            self._first += self._skipped / self._images_per_epoch

    def on_train_batch_end(self, batch, logs=None):
        trained = (batch + 1) * self._batch_size - self._done
        self._done += trained
        done = self._epoch * self._images_per_epoch + self._done
        speed = (self._done - self._skipped) / max(time.monotonic() - self._epoch_started, 1e-9)
        share = self._done / self._images_per_epoch
        if CommandProgress.current:
            CommandProgress.current.advance(done, trained)
        if self._bars:
            run, epoch = self._tasks
            self._bars.update(run, completed=done, info=f"{self._left(self._epoch + share)} left")
            where = f"epoch {self._epoch + 1}/{self._epochs}"
            self._bars.update(epoch, completed=self._done, description=where, info=f"{speed:,.0f} images/s")
        elif time.monotonic() - self._last_line > LOG_SECONDS:
            self._log(f"{share:.0%}", speed, self._epoch + share)

    def on_epoch_end(self, epoch, logs=None):
        if self._ending().startswith("diverged"):
            return
        scored = "test" if "test_error" in logs else "selection"
        errors = f"train {logs['train_error']:.1%} {scored} {logs[f'{scored}_error']:.1%}"
        rate = f"rate {logs['learning_rate']:g}"
        if self._bars:
            where = f"{self._epoch + 1}/{self._epochs}"
            numbers = f" {where} {errors} {rate} {logs['images_per_second']:,.0f} images/s"
            label = self._label[: max(LINE_WIDTH - len(numbers), 0)]
            self._print((label + numbers)[:LINE_WIDTH])
        else:
            self._log(f"{errors}, {rate}", logs["images_per_second"], self._epoch + 1)

    def on_train_end(self, logs=None):
        if ending := self._ending():
            self._print(f"{self._label}: {ending}")
        if self._bars:
            for task in self._tasks:
                self._bars.remove_task(task)
            if not CommandProgress.current:
                self._bars.stop()

    def _ending(self) -> str:
        history = self.params.get("history")
        if not (history and history.message):
            return ""
        epoch = history.curve[-1]["epoch"] if history.curve else 0
        if history.status == "interrupted":
            return history.message  # names the epoch
        return f"{history.status} after epoch {epoch}: {history.message}"

    def _left(self, epochs_done: float) -> str:
        seconds = (time.monotonic() - self._started) / (epochs_done - self._first)
        return duration(seconds * (self._epochs - epochs_done))

    def _log(self, text: str, images_per_second: float, epochs_done: float) -> None:
        left = f"{self._left(epochs_done)} left"
        if CommandProgress.current and (in_all := CommandProgress.current.left()):
            left += f" ({in_all} in total)"
        where = f"{self._label} epoch {self._epoch + 1}/{self._epochs}"
        self._print(f"{where}: {text}, {images_per_second:,.0f} images/s, {left}")
        self._last_line = time.monotonic()

    def _print(self, line: str) -> None:
        if self._bars:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
            self._bars.refresh()
        else:
            print(line, file=sys.stderr, flush=True)


def images_to_train(images: int, config: TrainConfig) -> int:
    """Number of images on which a run trains, over all epochs.

    Example:

    >>> images_to_train(107, TrainConfig(batch_size=10, epochs=3))
    300
    """
    return images // config.batch_size * config.batch_size * config.epochs
