import keras

from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.train import train
from tests.tiny import TINY_CONFIG, tiny_image_set

IMAGE_SET = tiny_image_set()
METRICS = (
    "epoch", "train_loss", "train_error", "test_loss", "test_error", "test_top5_error", "learning_rate",
)  # fmt: skip


def run(config=TINY_CONFIG, **kwargs):
    return train(config, DataPipelines(IMAGE_SET, config.data), **kwargs)


def metrics(history) -> list[tuple]:
    return [tuple(point[name] for name in METRICS) for point in history.curve]


class Interrupt(keras.callbacks.Callback):
    """Raises KeyboardInterrupt when `hook` is called in `epoch` (counted from 1)."""

    def __init__(self, hook: str, epoch: int):
        super().__init__()
        self._place = hook, epoch

    def on_epoch_begin(self, epoch, logs=None):
        self._now = epoch + 1
        self._raise_in("on_epoch_begin")

    def on_train_batch_begin(self, batch, logs=None):
        self._raise_in("on_train_batch_begin")

    def on_epoch_end(self, epoch, logs=None):
        self._raise_in("on_epoch_end")

    def _raise_in(self, hook: str) -> None:
        if (hook, self._now) == self._place:
            raise KeyboardInterrupt
