"""The training step of AlexNet on real input."""

from alexnet_tf.data.pipeline import DataPipelines
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.alexnet_step import our_model
from benchmarks.tensorflow_side.input_pipeline import endless, open_photographs, with_pixels_decoded_once
from benchmarks.tensorflow_side.training import training_task


def memory(batch: int, precision: str, folder: str) -> Task:
    """Images that were decoded before, augmented as the paper does."""
    return _task(open_photographs(folder, "memory"), batch, precision)


def files(batch: int, precision: str, folder: str) -> Task:
    """Images decoded and augmented on the way."""
    return _task(open_photographs(folder, "stream"), batch, precision)


def cached(batch: int, precision: str, folder: str) -> Task:
    """Pixels that were decoded once, read from disk and augmented on the way."""
    return with_pixels_decoded_once(folder, lambda data: _task(data, batch, precision))


def _task(data: DataPipelines, batch: int, precision: str) -> Task:
    return training_task(our_model(precision), endless(data, batch), batch)
