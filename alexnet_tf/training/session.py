"""One session of a run: from the start or a checkpoint to the end or an interruption."""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.resume import (
    assign_values,
    checkpoint_hash,
    restore_checkpoint,
    save_checkpoint,
    variable_values,
)
from alexnet_tf.checkpoints.weights import has_finite_weights
from alexnet_tf.config.fields import Config
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.errors import Interruption
from alexnet_tf.runtime.interval import CheckpointInterval, Countdown
from alexnet_tf.runtime.signals import signals_held
from alexnet_tf.training.callbacks import FollowSchedule, best_epoch, callback_states, restore_callbacks
from alexnet_tf.training.evaluate import Scores, make_evaluator
from alexnet_tf.training.history import History, TrainingInterrupted
from alexnet_tf.training.metric_sums import assign_sums, make_gatherer
from alexnet_tf.training.network import compiled_steps
from alexnet_tf.training.schedule import ending
from alexnet_tf.training.strategy import is_chief
from alexnet_tf.training.workers import current_workers

# Limits of one call of the compiled loop. Callbacks and signal handlers run only between calls.
STEPS_PER_CALL = 30
SECONDS_PER_CALL = 1.0
# Incomplete batches are padded to this size, because the last bits of logits depend on the batch size.
EVALUATION_BATCH = 500


class Session:
    """One session; `training.train.train` documents the arguments and calls the methods."""

    def __init__(
        self,
        config: Config,
        data: DataPipelines,
        strategy: tf.distribute.Strategy,
        model: keras.Model,
        checkpoint: Path | None,
        callbacks: Sequence[keras.callbacks.Callback],
        report: bool,
        checkpoint_every: CheckpointInterval,
    ):
        self._config, self._data, self._strategy, self._model = config, data, strategy, model
        self._checkpoint, self._hash = checkpoint, config.hash(data.image_set.fingerprint)
        restored = restore_checkpoint(checkpoint, model, self._hash) if checkpoint else None
        self.history = History(**restored) if restored else History()
        position = {
            "epochs in the checkpoint": max(len(self.history.curve) - 1, 0),
            "steps in the checkpoint": self.history.unfinished.get("steps", 0),
            # All workers must call the compiled loop for the same number of steps.
            "--checkpoint-every": checkpoint_every,
        }
        current_workers().compare(position)
        self._was_running = self.history.status == "running"
        self._steps = data.train_size // config.train.batch_size
        self._schedule = FollowSchedule(config.train)
        self._calls = keras.callbacks.CallbackList(
            [self._schedule, *callbacks],
            model=model,
            epochs=config.train.epochs,
            steps=self._steps,
            history=self.history,
        )
        self._run_steps = compiled_steps(model, strategy)
        self._gather_sums = make_gatherer(model, strategy)
        splits = {"train": data.train_subset(EVALUATION_BATCH)}
        if report:
            splits["report"] = data.report(EVALUATION_BATCH)
        if config.data.holdout:
            splits["selection"] = data.selection(EVALUATION_BATCH)
        self._evaluate = make_evaluator(model, strategy)
        self._splits = {
            name: strategy.experimental_distribute_dataset(split) for name, split in splits.items()
        }
        self._countdown = Countdown(checkpoint_every)
        self._started = time.perf_counter() - self.history.seconds
        self._epoch = len(self.history.curve)

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Calls the callbacks at the beginning and the end; saves the state, except after an error.

        Raises:
            TrainingInterrupted: after Ctrl-C, SIGTERM or SIGHUP.
        """
        self._model.stop_training = False
        self._calls.on_train_begin()
        restore_callbacks(self._calls.callbacks, self.history.callbacks)
        try:
            yield
        except KeyboardInterrupt as stop:
            stop = stop if isinstance(stop, Interruption) else Interruption()
            # A second signal while the state is being saved has no effect.
            with signals_held():
                # Called before saving; otherwise the end of another worker could end this process meanwhile.
                current_workers().interrupt(str(stop))
                # Between epochs the last checkpoint is up to date.
                if self.history.unfinished:
                    self._save(is_whole=True)
                place = "after" if len(self.history.curve) > self._epoch else "in"
                self.history.end("interrupted", f"{stop} {place} epoch {self._epoch}")
                is_kept = None
                if is_chief(self._strategy):
                    is_kept = self._checkpoint is not None and checkpoint_hash(self._checkpoint) == self._hash
                raise TrainingInterrupted(self.history, stop.number, is_kept) from stop
        finally:
            self._calls.on_train_end()
        if self._was_running:
            self._save()

    def begin(self) -> None:
        """Records epoch 0 of a new run."""
        if not self.history.curve:
            self.history.add(0, self.evaluate(), self._schedule.rate, None)
            self._save()

    def goes_on(self) -> bool:
        """Whether the run has another epoch. If not, records why the run ends."""
        if self.history.status == "running":
            stopped = self._model.stop_training
            reason = "stopped by a callback" if stopped else ending(self._config.train, self.history)
            if reason is not None:
                self.history.end("done", reason)
        return self.history.status == "running"

    def train_epoch(self) -> tuple[float, float]:
        """Trains an epoch; returns images per second and the mean loss (not finite after a divergence)."""
        history, batch_size = self.history, self._config.train.batch_size
        self._epoch = len(history.curve)
        with signals_held():
            self._begin_epoch()
        done, loss, seconds = (history.unfinished[name] for name in ("steps", "loss", "seconds"))
        read = history.unfinished["examples"]
        batches = self._data.train(self._config.seed, self._epoch, batch_size, done, read)
        iterator = iter(self._strategy.experimental_distribute_dataset(batches))
        started = time.perf_counter() - seconds
        several_workers = self._strategy.cluster_resolver is not None
        now = 1
        while done < self._steps:
            now = self._countdown.limited(min(now, self._steps - done))
            called = time.perf_counter()
            # A signal handler here would leave the variables and the position inconsistent.
            with signals_held():
                self._calls.on_train_batch_begin(done)
                self._run_steps(iterator, tf.constant(now))
                self._data.check_readable()
                done += now
                loss = float(self._model.get_metrics_result()["loss"])
                self._calls.on_train_batch_end(done - 1, {"loss": loss})
                history.unfinished |= {"steps": done, "loss": loss, "seconds": time.perf_counter() - started}
                if several_workers:
                    history.unfinished["sums"] = self._gather_sums()
                if self._countdown.is_due(now) and math.isfinite(loss):
                    self._save()
            if not math.isfinite(loss):
                break
            step_seconds = (time.perf_counter() - called) / now
            now = max(1, min(STEPS_PER_CALL, int(SECONDS_PER_CALL / step_seconds)))
            # Reading the loss is a collective operation, so all workers must make the same number of calls.
            now = int(current_workers().from_chief(str(now)))
        return done * batch_size / (time.perf_counter() - started), loss

    def evaluate(self) -> dict[str, Scores]:
        scores = {name: self._evaluate(batches) for name, batches in self._splits.items()}
        self._data.check_readable()
        return scores

    def end_epoch(self, images_per_second: float, loss: float, scores: dict[str, Scores]) -> None:
        """Records an epoch, calls the callbacks and saves; `scores` is empty if the run has diverged."""
        history, epoch = self.history, self._epoch
        with signals_held():
            if scores:
                history.add(epoch, scores, self._schedule.rate, images_per_second)
            else:
                history.end("diverged", f"loss is not finite in epoch {epoch}")
            history.unfinished = {}
            history.seconds = time.perf_counter() - self._started
            # If the run has diverged, the last point of the curve belongs to an earlier epoch.
            last = history.curve[-1] if history.status == "running" else {}
            logs = {name: value for name, value in last.items() if name != "epoch"}
            # The callbacks are called before saving. If the run is killed in between, the resumed run calls
            # them again.
            self._calls.on_epoch_end(epoch - 1, {"loss": loss, **logs})
            if history.status == "running" and not has_finite_weights(self._model):
                history.end("diverged", f"weights are not finite after epoch {epoch}")
            watch = self._config.train.watch if self._config.data.holdout else "train_loss"
            is_best = history.status == "running" and best_epoch(history.watched(watch)) == epoch
            self._save(is_best)

    def _begin_epoch(self) -> None:
        """Calls the callbacks at the beginning of an epoch, and resets the metrics.

        In a resumed epoch, metrics from the checkpoint are kept, and changes by the callbacks are undone,
        because the checkpoint already contains these changes.
        """
        goes_on = bool(self.history.unfinished)
        values = variable_values(self._model) if goes_on else []
        self._calls.on_epoch_begin(self._epoch - 1)
        if goes_on:
            assign_values(self._model, values)
            assign_sums(self._model, self._strategy, self.history.unfinished.get("sums", []))
            restore_callbacks(self._calls.callbacks, self.history.callbacks)
        else:
            self._model.reset_metrics()
            self.history.unfinished = {"steps": 0, "examples": 0, "loss": math.nan, "seconds": 0.0}

    def _save(self, is_best: bool = False, is_whole: bool = False) -> None:
        history = self.history
        history.seconds = time.perf_counter() - self._started
        history.callbacks = callback_states(self._calls.callbacks)
        if history.unfinished:
            count = history.unfinished["steps"] * self._config.train.batch_size
            history.unfinished["examples"] = self._data.examples_read(self._config.seed, self._epoch, count)
        # If another worker has ended, a step can be half done, and nothing is saved. After a signal
        # (`is_whole`) no step is half done, because signals take effect between steps.
        is_whole = is_whole or not current_workers().is_broken
        if self._checkpoint and is_chief(self._strategy) and is_whole:
            save_checkpoint(self._checkpoint, self._model, self._hash, vars(history), is_best)
        self._countdown.restart()
