"""The training step of AlexNet on real input."""

import tempfile
import weakref
from pathlib import Path

from benchmarks.task import Task
from benchmarks.tensorflow_side.alexnet_step import our_model
from benchmarks.tensorflow_side.input_pipeline import endless, open_photographs
from benchmarks.tensorflow_side.training import training_task


def memory(batch: int, precision: str, folder: str) -> Task:
    """Images that were decoded before, augmented as the paper does."""
    return _task(batch, precision, folder, "memory")


def files(batch: int, precision: str, folder: str) -> Task:
    """Images decoded and augmented on the way."""
    return _task(batch, precision, folder, "stream")


def cached(batch: int, precision: str, folder: str) -> Task:
    """Pixels that were decoded once, read from disk and augmented on the way."""
    place = tempfile.TemporaryDirectory()
    data = open_photographs(folder, "stream").cached(Path(place.name))
    task = training_task(our_model(precision), endless(data, batch), batch)
    # The folder lives as long as the task.
    weakref.finalize(task.call, place.cleanup)
    return task


def _task(batch: int, precision: str, folder: str, storage: str) -> Task:
    batches = endless(open_photographs(folder, storage), batch)
    return training_task(our_model(precision), batches, batch)
