"""Keras callbacks of a run."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.saved import BEST_NAME
from alexnet_tf.checkpoints.trained_files import EPOCHS_FOLDER
from alexnet_tf.checkpoints.weights import weights_file
from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.results.csv_rows import to_csv, to_lines
from alexnet_tf.runtime.checksums import write_with_sums
from alexnet_tf.runtime.files import write_text
from alexnet_tf.training.evaluate import TOP_K
from alexnet_tf.training.schedule import learning_rate

ALL_LAYERS = "all"


class FollowSchedule(keras.callbacks.Callback):
    """Sets the learning rate when the schedule changes it; freezes conv1 after epoch `freeze_conv1_after`.

    While the schedule does not change the rate, other callbacks may set it.
    """

    def __init__(self, config: TrainConfig):
        super().__init__()
        self._config = config
        self._scheduled = learning_rate(config, 1)
        self._is_set = False

    @property
    def rate(self) -> float:
        """The scheduled rate in full precision, or the rate that another callback has set."""
        if not self._is_set:
            return self._scheduled
        current = float(self.model.optimizer.learning_rate.value.numpy())
        return self._scheduled if math.isclose(current, self._scheduled, rel_tol=1e-6) else current

    def get_state(self) -> dict[str, Any]:
        return {"scheduled": self._scheduled, "is_set": self._is_set}

    def set_state(self, state: dict[str, Any]) -> None:
        self._scheduled, self._is_set = state["scheduled"], state["is_set"]

    def on_epoch_begin(self, epoch, logs=None):
        watched = self.params["history"].watched(self._config.watch)
        rate = learning_rate(self._config, epoch + 1, watched)
        if not self._is_set or rate != self._scheduled:
            self.model.optimizer.learning_rate = self._scheduled = rate
            self._is_set = True
        if 0 < self._config.freeze_conv1_after <= epoch:
            # With mixed_float16, Keras wraps the optimizer.
            getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer).freeze()


class HistoryFiles(keras.callbacks.Callback):
    """Writes curve.csv and, if measured, selection.csv and gradient_norms.csv.

    A file of an earlier run that this run does not measure is deleted. With five classes or fewer the top-5
    error is left out: it is always 0.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def on_epoch_begin(self, epoch, logs=None):
        # Writes epoch 0 or, in a resumed run, the epochs before the interruption.
        self.on_epoch_end(epoch)

    def on_train_end(self, logs=None):
        # If the loss is not finite before training, no epoch begins; then this writes epoch 0.
        self.on_epoch_end(-1)

    def on_epoch_end(self, epoch, logs=None):
        history = self.params["history"]
        scores = zip(history.selection_losses, history.selection_errors, strict=True)
        selection = [
            {"epoch": epoch, "selection_loss": loss, "selection_error": error}
            for epoch, (loss, error) in enumerate(scores, start=1)
        ]
        tables = {"curve": history.curve, "selection": selection, "gradient_norms": history.gradient_norms}
        for name, rows in tables.items():
            path = self._folder / f"{name}.csv"
            if rows:
                few = self.model.output.shape[-1] <= TOP_K
                columns = [column for column in rows[0] if not (few and column.endswith("_top5_error"))]
                write_text(path, to_csv(columns, rows))
            else:
                path.unlink(missing_ok=True)


def write_quarantine(path: Path, data: DataPipelines) -> None:
    """Writes a table of unused image files, and duplicates.csv beside it.

    If the data have no duplicates, a duplicates.csv of an earlier call is deleted.
    """
    write_text(path, to_lines([("path", "reason"), *data.image_set.quarantine]))
    duplicates = data.image_set.remarks.duplicates
    beside = path.with_name("duplicates.csv")
    if duplicates:
        write_text(beside, to_lines([("path", "same_as", "problem"), *duplicates]))
    else:
        beside.unlink(missing_ok=True)


class QuarantineLog(keras.callbacks.Callback):
    """Calls `write_quarantine` at the start, and after each epoch that found more unusable files."""

    def __init__(self, path: Path, data: DataPipelines):
        super().__init__()
        self._path, self._data = path, data
        self._written = -1

    def on_train_begin(self, logs=None):
        self.on_epoch_end(0)

    def on_epoch_end(self, epoch, logs=None):
        count = len(self._data.image_set.quarantine)
        if count != self._written:
            write_quarantine(self._path, self._data)
            self._written = count


class GradientNorms(keras.callbacks.Callback):
    """Measures the Euclidean norms of each layer's gradient and of the whole gradient (`all`) in each step.

    The gradient is that of the mean loss over the global batch, without weight decay.
    `History.gradient_norms` gets the mean and the largest norm of each layer and of `all` in each epoch; the
    logs get those of `all`.
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
                # The gradients are summed over replicas first, so all replicas assign the same value.
                tf.Variable(start, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
                for start in (tf.zeros(len(self._layers)), tf.zeros(len(self._layers)), 0.0)
            )
        # Keras passes gradients only to the optimizer, so its method `apply` is wrapped. With mixed_float16,
        # the inner optimizer gets them without the loss scale.
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

    def get_state(self) -> dict[str, Any]:
        return {name: variable.numpy().tolist() for name, variable in self._sums().items()}

    def set_state(self, state: dict[str, Any]) -> None:
        for name, variable in self._sums().items():
            variable.assign(state[name])

    def _sums(self) -> dict[str, tf.Variable]:
        return {"sum": self._sum, "max": self._max, "steps": self._steps}

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
    """Saves the weights of each epoch, of the best epoch, both or neither.

    The best epoch has the lowest value of the config's `watch` so far; `best` needs a selection split. A new
    run deletes all such files of an earlier run, which would be taken for its own.
    """

    def __init__(self, folder: Path, config: TrainConfig, epochs: bool, best: bool):
        super().__init__()
        self._folder, self._watch, self._epochs, self._best = folder, config.watch, epochs, best

    def on_train_begin(self, logs=None):
        if not self.params["history"].curve:
            for path in (self._folder / EPOCHS_FOLDER).glob("*.weights.h5"):
                path.unlink()
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
        write_with_sums(self._folder, {path.relative_to(self._folder).as_posix(): weights_file(self.model)})


def callback_states(callbacks: Iterable[keras.callbacks.Callback]) -> dict[str, dict[str, Any]]:
    """The states of callbacks by class name, as JSON-serializable values.

    The state of a callback is what its `get_state` returns, or, for one of Keras's own callbacks, its public
    attributes that are numbers or None. Of several callbacks of one class, only the last one's state is kept.
    """
    states = {}
    for callback in callbacks:
        if hasattr(callback, "get_state"):
            states[type(callback).__name__] = callback.get_state()
        elif type(callback).__module__.startswith("keras."):
            states[type(callback).__name__] = {
                name: value
                for name, value in vars(callback).items()
                if not name.startswith("_") and isinstance(value, bool | int | float | None)
            }
    return states


def restore_callbacks(
    callbacks: Iterable[keras.callbacks.Callback], states: dict[str, dict[str, Any]]
) -> None:
    """Gives callbacks the states that `callback_states` returned."""
    for callback in callbacks:
        state = states.get(type(callback).__name__)
        if state and hasattr(callback, "set_state"):
            callback.set_state(state)
        elif state:
            vars(callback).update(state)


def best_epoch(values: list[float]) -> int:
    """The first epoch with the lowest value, counted from 1.

    Example:

    >>> best_epoch([0.5, 0.3, 0.4, 0.3])
    2
    """
    return values.index(min(values)) + 1
