"""The training loop, the same for all distribution strategies."""

import functools
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.resume import (
    assign_values,
    restore_checkpoint,
    save_checkpoint,
    variable_values,
)
from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.checkpoints.transfer import check_freeze, check_start, copy_weights, freeze_layers
from alexnet_tf.checkpoints.weights import has_finite_weights
from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.config.models import ModelConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.errors import InputError, Interruption
from alexnet_tf.runtime.interval import Countdown, Interval
from alexnet_tf.runtime.processor import has_bfloat16, warn_of_emulation
from alexnet_tf.runtime.signals import signals_held
from alexnet_tf.training.callbacks import FollowSchedule, best_epoch, callback_states, restore_callbacks
from alexnet_tf.training.evaluate import Scores, make_evaluator
from alexnet_tf.training.history import History, TrainingInterrupted
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.schedule import check_schedule, ending
from alexnet_tf.training.strategy import is_chief
from alexnet_tf.training.workers import compared_values, current_workers, ending_together

# Largest number of steps in one call of the compiled loop, and the time that a call should take. Callbacks
# run, and Python handles termination signals, only between calls.
STEPS_PER_CALL = 30
SECONDS_PER_CALL = 1.0
EVALUATION_BATCH = 500
UNBUILDABLE = (TypeError, ValueError, ArithmeticError, IndexError, tf.errors.ResourceExhaustedError)


@ending_together()
def train(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy | None = None,
    checkpoint: Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    report: bool = True,
    model: keras.Model | None = None,
    checkpoint_every: Interval = Interval(),
) -> tuple[keras.Model, History]:
    """Trains one run to its end; resumes from its checkpoint if there is one.

    After each epoch the model is evaluated in inference mode on the training subset, the report split
    and, if the config holds it out, the selection split; then the checkpoint is replaced. Within an epoch it
    is replaced at the given interval and after Ctrl-C, SIGTERM or SIGHUP. A resumed run goes on after the
    step of its checkpoint and gives the same results as an uninterrupted one.

    Args:
        config: configuration of the run.
        data: pipelines of the run, opened with `config.data`.
        strategy: distribution strategy; the global batch size is `config.train.batch_size` with any of them.
        checkpoint: file for the state of the run; by default no state is saved.
        callbacks: Keras callbacks; for them a batch is a call of up to `STEPS_PER_CALL` steps, and
            `params["history"]` is the history so far.
        report: evaluate the report split; a search sets this to False and uses only the selection split.
        model: a model from `compile_model`; by default it is built here.
        checkpoint_every: steps or time between two checkpoints within an epoch.

    Returns:
        The trained model, and the history, which says why the run ended. If the loss is no longer finite, the
        run ends with status `diverged`; no exception is raised.

    Raises:
        InputError: if the run cannot be trained.
        TrainingInterrupted: after Ctrl-C, SIGTERM or SIGHUP; it holds the history.
    """
    strategy = strategy or tf.distribute.get_strategy()
    model = model or compile_model(config, data, strategy)
    config_hash = config.hash(data.image_set.fingerprint)
    restored = restore_checkpoint(checkpoint, model, config_hash) if checkpoint else None
    history = History(**restored) if restored else History()
    position = {
        "epochs in the checkpoint": max(len(history.curve) - 1, 0),
        "steps in the checkpoint": history.unfinished.get("steps", 0),
        # All workers have to call the loop for equally many steps.
        "--checkpoint-every": checkpoint_every,
    }
    current_workers().compare(position)
    was_running = history.status == "running"
    schedule = FollowSchedule(config.train)
    calls = keras.callbacks.CallbackList(
        [schedule, *callbacks],
        model=model,
        epochs=config.train.epochs,
        steps=data.train_size // config.train.batch_size,
        history=history,
    )
    run_steps = compiled_steps(model, strategy)
    evaluate = _evaluation(config, data, model, strategy, report)
    countdown = Countdown(checkpoint_every)
    started, seconds_before = time.perf_counter(), history.seconds

    def save(is_best: bool = False) -> None:
        history.seconds = seconds_before + time.perf_counter() - started
        history.callbacks = callback_states(calls.callbacks)
        if history.unfinished:
            count = history.unfinished["steps"] * config.train.batch_size
            history.unfinished["examples"] = data.examples_read(config.seed, epoch, count)
        # After the loss of another worker a step may be half done.
        if checkpoint and is_chief(strategy) and not current_workers().is_broken:
            save_checkpoint(checkpoint, model, config_hash, vars(history), is_best)
        countdown.restart()

    model.stop_training = False
    calls.on_train_begin()
    restore_callbacks(calls.callbacks, history.callbacks)
    epoch = len(history.curve)
    try:
        if not history.curve:
            history.add(0, evaluate(), schedule.rate, None)
            save()
        while history.status == "running":
            reason = "stopped by a callback" if model.stop_training else ending(config.train, history)
            if reason is not None:
                history.end("done", reason)
                break
            epoch = len(history.curve)
            with signals_held():
                _begin_epoch(model, calls, history, epoch)
            images_per_second, loss = _run_epoch(
                config, data, strategy, model, run_steps, calls, history, countdown, save
            )
            scores = evaluate() if math.isfinite(loss) else {}
            with signals_held():
                if scores:
                    history.add(epoch, scores, schedule.rate, images_per_second)
                else:
                    history.end("diverged", f"loss is not finite in epoch {epoch}")
                history.unfinished = {}
                history.seconds = seconds_before + time.perf_counter() - started
                # A diverged epoch has no point on the curve.
                last = history.curve[-1] if history.status == "running" else {}
                logs = {name: value for name, value in last.items() if name != "epoch"}
                # Before the checkpoint, so that a killed run never resumes after an epoch whose files the
                # callbacks had not yet written.
                calls.on_epoch_end(epoch - 1, {"loss": loss, **logs})
                if history.status == "running" and not has_finite_weights(model):
                    history.end("diverged", f"weights are not finite after epoch {epoch}")
                watched = history.watched(config.train.watch if config.data.holdout else "train_loss")
                save(is_best=history.status == "running" and best_epoch(watched) == epoch)
    except KeyboardInterrupt as stop:
        with signals_held():
            # Between epochs the last checkpoint is as it should be.
            if history.unfinished:
                save()
        stop = stop if isinstance(stop, Interruption) else Interruption()
        current_workers().interrupt(str(stop))
        history.end("failed", f"{stop} in epoch {epoch}")
        raise TrainingInterrupted(history, stop.number, checkpoint is not None) from stop
    finally:
        calls.on_train_end()
    # The state of a run that was finished before stays as it is.
    if was_running:
        save()
    return model, history


def check_run(config: Config, data: DataPipelines, strategy: tf.distribute.Strategy) -> None:
    """Raises an InputError if a run cannot be trained, without training it.

    The network is built once for all runs that share it, so all runs of an experiment can be checked quickly
    before the first is trained.
    """
    _check_numbers(config, data, strategy)
    check_start(config, None)
    _check_layers(config, _layer_names(config.model, data.input_shape, data.image_set.classes))


@ending_together()
def compile_model(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy,
    start: Trained | None = None,
) -> keras.Model:
    """Builds and compiles the model of a run under the strategy, initialised from the seed of the run.

    Args:
        config: configuration of the run.
        data: pipelines of the run.
        strategy: distribution strategy.
        start: trained network to start from; `config.train.start` is its fingerprint, and `data` has its
            preprocessing.

    Raises:
        InputError: if the run cannot be trained, or on every worker if that of another worker differs.
    """
    current_workers().compare(compared_values(config, data.image_set.fingerprint))
    _check_numbers(config, data, strategy)
    check_start(config, start)
    on_cpu = not tf.config.list_physical_devices("GPU")
    if config.precision == "mixed_bfloat16" and on_cpu and not has_bfloat16():
        warn_of_emulation()
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        model = _build(config.model, data.input_shape, data.image_set.classes)
        _check_layers(config, [layer.name for layer in model.layers])
        if start:
            copy_weights(start, model)
        if config.train.freeze:
            freeze_layers(model, config.train.freeze)
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
            # XLA would make convolutions several times slower on CPUs.
            jit_compile=False,
        )
        model.optimizer.build(model.trainable_variables)
    return model


def _check_numbers(config: Config, data: DataPipelines, strategy: tf.distribute.Strategy) -> None:
    check_config(config)
    replicas, batch_size = strategy.num_replicas_in_sync, config.train.batch_size
    if batch_size % replicas:
        raise InputError(
            f"batch_size: expected a multiple of the {replicas} replicas; received {batch_size}; "
            f"--set batch_size={-(-batch_size // replicas) * replicas} would do"
        )
    if batch_size > data.train_size:
        raise InputError(
            f"batch_size: expected at most the number of training images, {data.train_size}; "
            f"received {batch_size}; --set batch_size={data.train_size} would do"
        )
    check_schedule(config.train, config.data.holdout)


def _check_layers(config: Config, names: Sequence[str]) -> None:
    if config.train.freeze_conv1_after and "conv1" not in names:
        raise InputError("freeze_conv1_after: expected a model with a layer conv1; received one without")
    if config.train.freeze_conv1_after and config.train.optimizer != "momentum":
        raise InputError(
            f"freeze_conv1_after: expected optimizer=momentum; received {config.train.optimizer}"
        )
    if config.train.freeze:
        check_freeze(names, config.train.freeze)


@functools.cache
def _layer_names(model: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> tuple[str, ...]:
    with weightless():
        return tuple(layer.name for layer in _build(model, input_shape, classes).layers)


def _build(model: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    try:
        return build_model(model, input_shape, classes)
    except UNBUILDABLE as error:
        raise InputError(f"model: {str(error).strip().splitlines()[0]}") from error


def compiled_steps(
    model: keras.Model, strategy: tf.distribute.Strategy
) -> Callable[[tf.distribute.DistributedIterator, tf.Tensor], None]:
    """A function that trains for a number of steps, each with the next batch of a distributed iterator."""

    @tf.function
    def run_steps(iterator, steps):
        for _ in tf.range(steps):
            strategy.run(model.train_step, args=(next(iterator),))

    return run_steps


def _evaluation(
    config: Config, data: DataPipelines, model: keras.Model, strategy: tf.distribute.Strategy, report: bool
) -> Callable[[], dict[str, Scores]]:
    """A function that evaluates the model on each split that the run uses."""
    evaluators = {"train": make_evaluator(model, data.train_subset(EVALUATION_BATCH), strategy)}
    if report:
        evaluators["report"] = make_evaluator(model, data.report(EVALUATION_BATCH), strategy)
    if config.data.holdout:
        evaluators["selection"] = make_evaluator(model, data.selection(EVALUATION_BATCH), strategy)

    def evaluate() -> dict[str, Scores]:
        scores = {name: evaluator() for name, evaluator in evaluators.items()}
        data.check_readable()
        return scores

    return evaluate


def _begin_epoch(
    model: keras.Model, calls: keras.callbacks.CallbackList, history: History, epoch: int
) -> None:
    """Calls the callbacks at the beginning of an epoch; in an epoch that goes on, undoes what they change."""
    if history.unfinished:
        values = variable_values(model)
        calls.on_epoch_begin(epoch - 1)
        assign_values(model, values)
        restore_callbacks(calls.callbacks, history.callbacks)
    else:
        calls.on_epoch_begin(epoch - 1)
        model.reset_metrics()
        history.unfinished = {"steps": 0, "examples": 0, "loss": math.nan, "seconds": 0.0}


def _run_epoch(
    config, data, strategy, model, run_steps, calls, history, countdown, save
) -> tuple[float, float]:
    """Runs the steps of one epoch; returns images per second and the mean loss (NaN if it diverged)."""
    batch_size, epoch = config.train.batch_size, len(history.curve)
    steps = data.train_size // batch_size
    done, loss, seconds = (history.unfinished[name] for name in ("steps", "loss", "seconds"))
    batches = data.train(config.seed, epoch, batch_size, done, history.unfinished["examples"])
    iterator = iter(strategy.experimental_distribute_dataset(batches))
    started = time.perf_counter() - seconds
    # Reading the loss is a collective operation, so all workers have to call the loop equally often.
    several_workers = strategy.cluster_resolver is not None
    now = STEPS_PER_CALL if several_workers else 1
    while done < steps:
        now = countdown.limited(min(now, steps - done))
        called = time.perf_counter()
        # A signal in between would leave variables and position at odds.
        with signals_held():
            calls.on_train_batch_begin(done)
            run_steps(iterator, tf.constant(now))
            data.check_readable()
            done += now
            loss = float(model.get_metrics_result()["loss"])
            calls.on_train_batch_end(done - 1, {"loss": loss})
            history.unfinished |= {
                "steps": done,
                "loss": loss,
                "seconds": time.perf_counter() - started,
            }
            if countdown.is_due(now) and math.isfinite(loss):
                save()
        if not math.isfinite(loss):
            break
        if not several_workers:
            step_seconds = (time.perf_counter() - called) / now
            now = max(1, min(STEPS_PER_CALL, int(SECONDS_PER_CALL / step_seconds)))
    return done * batch_size / (time.perf_counter() - started), loss
