from alexnet_tf.data.pipeline import DataPipelines
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.input_pipeline import endless, open_photographs, with_pixels_decoded_once
from benchmarks.tensorflow_side.training_step import compiled_alexnet, training_task


def files(batch: int, precision: str, folder: str) -> Task:
    """A training step; its images are decoded and augmented during the previous step."""
    return _task(open_photographs(folder, "stream"), batch, precision)


def cached(batch: int, precision: str, folder: str) -> Task:
    return with_pixels_decoded_once(folder, lambda data: _task(data, batch, precision))


def _task(data: DataPipelines, batch: int, precision: str) -> Task:
    return training_task(compiled_alexnet(precision), endless(data, batch), batch)
