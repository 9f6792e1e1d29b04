"""The training loop: one for every strategy."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.resume import restore_checkpoint, save_checkpoint
from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.checkpoints.transfer import prepare_model
from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.models import build_model
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.processor import has_bfloat16, warn_of_emulation
from alexnet_tf.training.evaluate import make_evaluator
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.schedule import check_schedule, is_finished, learning_rate
from alexnet_tf.training.strategy import is_chief

# Steps of one call of the compiled loop: callbacks see the run at this grain.
STEPS_PER_CALL = 30
EVALUATION_BATCH = 500


@dataclass
class History:
    """What a run has measured so far.

    Attributes:
        curve: one dictionary for each epoch from 0 on, the columns of curves.csv after `seed`.
        selection_errors: of epoch 1, 2, ... where the selection split is evaluated.
        selection_losses: likewise.
        gradient_norms: what a `GradientNorms` callback measured.
        seconds: wall-clock, over all sittings of an interrupted run.
        status: `running`, `done` or `diverged`.
        message: what there is to say about the status.
    """

    curve: list[dict[str, float]] = field(default_factory=list)
    selection_errors: list[float] = field(default_factory=list)
    selection_losses: list[float] = field(default_factory=list)
    gradient_norms: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    status: str = "running"
    message: str = ""

    def watched(self, name: str) -> list[float]:
        """What `watch` or `early_stopping_watch` names, of epoch 1, 2, ..."""
        if name == "train_loss":
            return [point["train_loss"] for point in self.curve[1:]]
        return {"selection_error": self.selection_errors, "selection_loss": self.selection_losses}[name]


def check_run(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy,
    start: Trained | None = None,
) -> None:
    """Raises an InputError for a run that could not be trained, without training it."""
    check_config(config)
    replicas, batch_size = strategy.num_replicas_in_sync, config.train.batch_size
    if batch_size % replicas:
        raise InputError(f"batch_size: expected a multiple of the {replicas} replicas; received {batch_size}")
    if batch_size > data.train_size:
        raise InputError(
            f"batch_size: expected at most the number of training images, {data.train_size}; "
            f"received {batch_size}"
        )
    check_schedule(config.train, config.data.holdout)
    try:
        model = build_model(config.model, data.input_shape, data.image_set.classes)
    except (TypeError, ValueError, ArithmeticError, IndexError, tf.errors.ResourceExhaustedError) as error:
        raise InputError(f"model: {str(error).strip().splitlines()[0]}") from error
    if config.train.freeze_conv1_after and "conv1" not in [layer.name for layer in model.layers]:
        raise InputError("freeze_conv1_after: expected a model with a layer conv1; received one without")
    if config.train.freeze_conv1_after and config.train.optimizer != "momentum":
        raise InputError(
            f"freeze_conv1_after: expected optimizer=momentum; received {config.train.optimizer}"
        )
    prepare_model(model, config, start)


def compile_model(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy,
    start: Trained | None = None,
) -> keras.Model:
    """Builds and compiles a run's model, initialised from its seed or from `start`, under the strategy."""
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        model = build_model(config.model, data.input_shape, data.image_set.classes)
        prepare_model(model, config, start)
        model.compile(
            optimizer=make_optimizer(
                config.train.learning_rate,
                config.train.momentum,
                config.train.weight_decay,
                config.train.bias_rate,
                config.train.optimizer,
                freezable="conv1" if config.train.freeze_conv1_after else "",
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            # XLA makes convolutions on CPUs several times slower.
            jit_compile=False,
        )
        model.optimizer.build(model.trainable_variables)
    return model


def train(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy | None = None,
    checkpoint: Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    report: bool = True,
    start: Trained | None = None,
) -> tuple[keras.Model, History]:
    """Trains one run to its end, going on from its checkpoint where there is one.

    After each epoch the model is evaluated in inference mode on the training subset, the report split
    and, where the config holds it out, the selection split; then the checkpoint is replaced. A resumed
    run gives the numbers of an uninterrupted one.

    Args:
        config: the run.
        data: its pipelines, opened with `config.data`.
        strategy: distribution; the global batch stays `config.train.batch_size` whatever it is.
        checkpoint: file of the run's state; none is kept without it.
        callbacks: Keras callbacks; a batch is a call of up to `STEPS_PER_CALL` steps to them, and
            `params["history"]` the history so far.
        report: whether the report split is evaluated; `search` has no business there.
        start: the trained network whose weights the run starts from, `config.train.start` its fingerprint;
            `data` then has its preprocessing.

    Returns:
        The model as trained, and the history; a diverged run (loss no longer finite) ends there, with
        status `diverged`.
    """
    strategy = strategy or tf.distribute.get_strategy()
    check_run(config, data, strategy, start)
    on_cpu = not tf.config.list_physical_devices("GPU")
    if config.precision == "mixed_bfloat16" and on_cpu and not has_bfloat16():
        warn_of_emulation()
    model = compile_model(config, data, strategy, start)
    config_hash = config.hash(data.image_set.fingerprint)
    restored = restore_checkpoint(checkpoint, model, config_hash) if checkpoint else None
    history = History(**restored) if restored else History()

    evaluators = {"train": make_evaluator(model, data.train_subset(EVALUATION_BATCH), strategy)}
    if report:
        evaluators["report"] = make_evaluator(model, data.report(EVALUATION_BATCH), strategy)
    if config.data.holdout:
        evaluators["selection"] = make_evaluator(model, data.selection(EVALUATION_BATCH), strategy)

    @tf.function
    def run_steps(iterator, steps):
        for _ in tf.range(steps):
            strategy.run(model.train_step, args=(next(iterator),))

    def measure(epoch: int, rate: float, images_per_second: float | None) -> None:
        scores = {name: evaluate() for name, evaluate in evaluators.items()}
        data.check_readable()
        if not math.isfinite(scores["train"].loss):
            # The last step of an epoch can break what no step after it is there to see.
            history.status, history.message = "diverged", f"loss is not finite after epoch {epoch}"
            if epoch:
                return
        if epoch and "selection" in scores:
            history.selection_errors.append(scores["selection"].error)
            history.selection_losses.append(scores["selection"].loss)
        test = scores.get("report", scores.get("selection"))
        history.curve.append(
            {
                "epoch": epoch,
                "train_loss": scores["train"].loss,
                "train_error": scores["train"].error,
                "test_loss": test.loss,
                "test_error": test.error,
                "test_top5_error": test.top5_error,
                "learning_rate": rate,
                "images_per_second": images_per_second,
            }
        )

    def save() -> None:
        if checkpoint and is_chief(strategy):
            save_checkpoint(checkpoint, model, config_hash, vars(history))

    calls = keras.callbacks.CallbackList(
        list(callbacks),
        model=model,
        epochs=config.train.epochs,
        steps=data.train_size // config.train.batch_size,
        history=history,
    )
    model.stop_training = False
    calls.on_train_begin()
    started, seconds_before = time.perf_counter(), history.seconds
    if not history.curve:
        measure(0, learning_rate(config.train, 1), None)
        save()
    rate_set = None
    while history.status == "running":
        errors = [point["train_error"] for point in history.curve[1:]]
        watched = history.watched(config.train.watch)
        to_stop = history.watched(config.train.early_stopping_watch)
        if model.stop_training or is_finished(config.train, errors, watched, to_stop):
            history.status = "done"
            break
        epoch = len(history.curve)
        rate = learning_rate(config.train, epoch, watched)
        # Set only where the schedule moves, so that a callback may set it in between.
        if rate != rate_set:
            model.optimizer.learning_rate = rate_set = rate
        if 0 < config.train.freeze_conv1_after < epoch:
            # Under mixed_float16 Keras wraps the optimizer.
            getattr(model.optimizer, "inner_optimizer", model.optimizer).freeze()
        calls.on_epoch_begin(epoch - 1)
        images_per_second, loss = _run_epoch(config, data, strategy, model, run_steps, calls, epoch)
        if not math.isfinite(loss):
            history.status, history.message = "diverged", f"loss is not finite in epoch {epoch}"
        else:
            measure(epoch, _current_rate(model, rate), images_per_second)
        history.seconds = seconds_before + time.perf_counter() - started
        logs = {name: value for name, value in history.curve[-1].items() if name != "epoch"}
        # Before the checkpoint, so that whatever a callback writes of an epoch is there when a killed run
        # goes on after that epoch.
        calls.on_epoch_end(epoch - 1, {"loss": loss, **logs})
        save()
    calls.on_train_end()
    save()
    return model, history


def _current_rate(model: keras.Model, scheduled: float) -> float:
    """The scheduled rate in full precision, unless a callback has set another."""
    current = float(model.optimizer.learning_rate.value.numpy())
    return scheduled if math.isclose(current, scheduled, rel_tol=1e-6) else current


def _run_epoch(config, data, strategy, model, run_steps, calls, epoch) -> tuple[float, float]:
    """Runs the steps of one epoch; returns images per second and the mean loss (NaN if it diverged)."""
    batch_size = config.train.batch_size
    steps = data.train_size // batch_size
    iterator = iter(strategy.experimental_distribute_dataset(data.train(config.seed, epoch, batch_size)))
    model.reset_metrics()
    started, done, loss = time.perf_counter(), 0, math.nan
    while done < steps:
        now = min(STEPS_PER_CALL, steps - done)
        calls.on_train_batch_begin(done)
        run_steps(iterator, tf.constant(now))
        data.check_readable()
        done += now
        loss = float(model.get_metrics_result()["loss"])
        calls.on_train_batch_end(done - 1, {"loss": loss})
        if not math.isfinite(loss):
            break
    return done * batch_size / (time.perf_counter() - started), loss
