"""What follows a run epoch by epoch: the schedule, and the files that a run writes."""

import math
from pathlib import Path

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.saved import BEST_NAME, EPOCHS_FOLDER, weight_bytes
from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.results.csv_rows import to_csv, to_lines
from alexnet_tf.runtime.files import write_by, write_text
from alexnet_tf.training.schedule import learning_rate

ALL_LAYERS = "all"


class FollowSchedule(keras.callbacks.Callback):
    """Sets the learning rate of each epoch, and freezes conv1 after the last epoch in which it learns.

    The rate is set only where the schedule changes it, so that a callback may set another in between.
    """

    def __init__(self, config: TrainConfig):
        super().__init__()
        self._config = config
        self._scheduled = learning_rate(config, 1)
        self._is_set = False

    @property
    def rate(self) -> float:
        """The scheduled rate in full precision, unless a callback has set another."""
        if not self._is_set:
            return self._scheduled
        current = float(self.model.optimizer.learning_rate.value.numpy())
        return self._scheduled if math.isclose(current, self._scheduled, rel_tol=1e-6) else current

    def on_epoch_begin(self, epoch, logs=None):
        watched = self.params["history"].watched(self._config.watch)
        rate = learning_rate(self._config, epoch + 1, watched)
        if not self._is_set or rate != self._scheduled:
            self.model.optimizer.learning_rate = self._scheduled = rate
            self._is_set = True
        if 0 < self._config.freeze_conv1_after <= epoch:
            # Under mixed_float16 Keras wraps the optimizer.
            getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer).freeze()


class HistoryFiles(keras.callbacks.Callback):
    """Writes what a run has measured so far, after every epoch: curve.csv, selection.csv, gradient_norms.csv.

    The files are replaced as a whole, so a run that was killed and goes on leaves no epoch twice and none
    out. The last two are written where there is something to write.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def on_epoch_begin(self, epoch, logs=None):
        # What a run that goes on has measured before, and epoch 0.
        self.on_epoch_end(epoch)

    def on_train_end(self, logs=None):
        self.on_epoch_end(-1)

    def on_epoch_end(self, epoch, logs=None):
        history = self.params["history"]
        selection = [
            {"epoch": epoch, "selection_loss": loss, "selection_error": error}
            for epoch, (loss, error) in enumerate(
                zip(history.selection_losses, history.selection_errors, strict=True), start=1
            )
        ]
        for name, rows in (
            ("curve", history.curve),
            ("selection", selection),
            ("gradient_norms", history.gradient_norms),
        ):
            if rows:
                write_text(self._folder / f"{name}.csv", to_csv(list(rows[0]), rows))


def write_quarantine(path: Path, data: DataPipelines) -> None:
    """Writes `path,reason` for each file of the set that could not be used, so far."""
    write_text(path, to_lines([("path", "reason"), *data.image_set.quarantine]))


class QuarantineLog(keras.callbacks.Callback):
    """Writes the list when training begins, and anew after each epoch in which a file was lost."""

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


class GradientNorms(keras.callbacks.Callback):
    """Measures the Euclidean norm of the gradient in each step; the numbers of the run stay the same.

    The gradient is that of the mean loss over the global batch, as it comes to the optimizer: without
    weight decay. Of each epoch and layer the mean and the largest norm over its steps go to
    `History.gradient_norms`, with `all` for the gradient of all layers together; the latter also to the
    logs of callbacks that come after this one, hence to TensorBoard.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        super().__init__()
        self._strategy = strategy

    def on_train_begin(self, logs=None):
        layer_of = {id(v): layer.name for layer in self.model.layers for v in layer.trainable_variables}
        names = [layer_of[id(variable)] for variable in self.model.trainable_variables]
        self._layers = [*dict.fromkeys(names), ALL_LAYERS]
        self._places = [self._layers.index(name) for name in names]
        with self._strategy.scope():
            self._sum, self._max, self._steps = (
                # Every replica assigns the same, since the gradients are summed over them before.
                tf.Variable(start, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
                for start in (tf.zeros(len(self._layers)), tf.zeros(len(self._layers)), 0.0)
            )
        # Keras shows gradients to the optimizer and to nobody else. In mixed_float16 the inner one sees
        # them without the loss scale.
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        apply = optimizer.apply

        def record_and_apply(grads, trainable_variables=None):
            self._record(grads)
            return apply(grads, trainable_variables)

        optimizer.apply = record_and_apply

    def on_epoch_begin(self, epoch, logs=None):
        for variable in (self._sum, self._max, self._steps):
            variable.assign(tf.zeros_like(variable))

    def on_epoch_end(self, epoch, logs=None):
        means, largest = (self._sum / self._steps).numpy().tolist(), self._max.numpy().tolist()
        self.params["history"].gradient_norms += [
            {"epoch": epoch + 1, "layer": layer, "mean_norm": mean, "max_norm": most}
            for layer, mean, most in zip(self._layers, means, largest, strict=True)
        ]
        logs.update(gradient_norm_mean=means[-1], gradient_norm_max=largest[-1])

    def _record(self, gradients) -> None:
        if self._strategy.num_replicas_in_sync > 1:
            gradients = tf.distribute.get_replica_context().all_reduce("SUM", list(gradients))
        squares = tf.stack([tf.reduce_sum(tf.square(tf.cast(g, tf.float32))) for g in gradients])
        by_layer = tf.math.unsorted_segment_sum(squares, self._places, len(self._layers) - 1)
        norms = tf.sqrt(tf.concat([by_layer, [tf.reduce_sum(squares)]], axis=0))
        self._sum.assign_add(norms)
        self._max.assign(tf.maximum(self._max, norms))
        self._steps.assign_add(1.0)


class KeptWeights(keras.callbacks.Callback):
    """Writes `epochs/0001.weights.h5` and so on after every epoch, or the best as `best.weights.h5`, or both.

    The best epoch is the one with the lowest value of what the config watches on the selection split, the
    first of equal ones. Nothing is remembered but in the run's history, so a resumed run keeps what an
    uninterrupted one does. A new run takes away what an earlier one kept under these names.
    """

    def __init__(self, folder: Path, config: TrainConfig, epochs: bool, best: bool):
        super().__init__()
        self._folder, self._watch, self._epochs, self._best = folder, config.watch, epochs, best

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


def best_epoch(values: list[float]) -> int:
    """The epoch, counted from 1, of the lowest value; the first of equal ones.

    Example:

    >>> best_epoch([0.5, 0.3, 0.4, 0.3])
    2
    """
    return values.index(min(values)) + 1
