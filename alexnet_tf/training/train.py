"""The training loop: one for every strategy."""

import functools
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.resume import restore_checkpoint, save_checkpoint
from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.checkpoints.transfer import check_freeze, check_start, copy_weights, freeze_layers
from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.config.models import ModelConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.errors import InputError, Interruption
from alexnet_tf.runtime.processor import has_bfloat16, warn_of_emulation
from alexnet_tf.training.callbacks import FollowSchedule
from alexnet_tf.training.evaluate import Scores, make_evaluator
from alexnet_tf.training.history import History, TrainingInterrupted
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.schedule import check_schedule, ending
from alexnet_tf.training.strategy import is_chief

# Steps of one call of the compiled loop, at most, and seconds that it should take: callbacks see the run at
# this grain, and so does Python the signals that ask the process to end.
STEPS_PER_CALL = 30
SECONDS_PER_CALL = 1.0
EVALUATION_BATCH = 500
UNBUILDABLE = (TypeError, ValueError, ArithmeticError, IndexError, tf.errors.ResourceExhaustedError)


def train(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy | None = None,
    checkpoint: Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    report: bool = True,
    model: keras.Model | None = None,
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
        report: whether the report split is evaluated; a search leaves it alone and has only the selection
            split.
        model: from `compile_model`, which builds it here by default.

    Returns:
        The model as trained, and the history, which says why the run ended. A diverged run (loss no longer
        finite) returns too, with status `diverged`.

    Raises:
        InputError: for a run that cannot be trained.
        TrainingInterrupted: after Ctrl-C, SIGTERM or SIGHUP, with the history.
    """
    strategy = strategy or tf.distribute.get_strategy()
    model = model or compile_model(config, data, strategy)
    config_hash = config.hash(data.image_set.fingerprint)
    restored = restore_checkpoint(checkpoint, model, config_hash) if checkpoint else None
    history = History(**restored) if restored else History()
    schedule = FollowSchedule(config.train)
    calls = keras.callbacks.CallbackList(
        [schedule, *callbacks],
        model=model,
        epochs=config.train.epochs,
        steps=data.train_size // config.train.batch_size,
        history=history,
    )
    run_steps = _compiled_steps(model, strategy)
    evaluate = _evaluation(config, data, model, strategy, report)

    def save() -> None:
        if checkpoint and is_chief(strategy):
            save_checkpoint(checkpoint, model, config_hash, vars(history))

    model.stop_training = False
    calls.on_train_begin()
    started, seconds_before, epoch = time.perf_counter(), history.seconds, len(history.curve)
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
            calls.on_epoch_begin(epoch - 1)
            images_per_second, loss = _run_epoch(config, data, strategy, model, run_steps, calls, epoch)
            if math.isfinite(loss):
                history.add(epoch, evaluate(), schedule.rate, images_per_second)
            else:
                history.end("diverged", f"loss is not finite in epoch {epoch}")
            history.seconds = seconds_before + time.perf_counter() - started
            # A diverged epoch has no point on the curve.
            last = history.curve[-1] if history.status == "running" else {}
            logs = {name: value for name, value in last.items() if name != "epoch"}
            # Before the checkpoint, so that whatever a callback writes of an epoch is there when a killed
            # run goes on after that epoch.
            calls.on_epoch_end(epoch - 1, {"loss": loss, **logs})
            save()
    except KeyboardInterrupt as stop:
        stop = stop if isinstance(stop, Interruption) else Interruption()
        history.end("failed", f"{stop} in epoch {epoch}")
        raise TrainingInterrupted(history, stop.number) from stop
    finally:
        calls.on_train_end()
    save()
    return model, history


def check_run(config: Config, data: DataPipelines, strategy: tf.distribute.Strategy) -> None:
    """Raises an InputError for a run that could not be trained, without training it.

    Runs of the same network share one trial build, so that all runs of an experiment can be checked before
    the first.
    """
    _check_numbers(config, data, strategy)
    check_start(config, None)
    _check_layers(config, _layer_names(config.model, data.input_shape, data.image_set.classes))


def compile_model(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy,
    start: Trained | None = None,
) -> keras.Model:
    """Builds and compiles a run's model under the strategy, initialised from its seed.

    Args:
        config: the run.
        data: its pipelines.
        strategy: distribution.
        start: the trained network of the fingerprint `config.train.start`, whose preprocessing `data` has.

    Raises:
        InputError: for a run that cannot be trained.
    """
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
            # XLA makes convolutions on CPUs several times slower.
            jit_compile=False,
        )
        model.optimizer.build(model.trainable_variables)
    return model


def _check_numbers(config: Config, data: DataPipelines, strategy: tf.distribute.Strategy) -> None:
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


def _compiled_steps(
    model: keras.Model, strategy: tf.distribute.Strategy
) -> Callable[[tf.distribute.DistributedIterator, tf.Tensor], None]:
    @tf.function
    def run_steps(iterator, steps):
        for _ in tf.range(steps):
            strategy.run(model.train_step, args=(next(iterator),))

    return run_steps


def _evaluation(
    config: Config, data: DataPipelines, model: keras.Model, strategy: tf.distribute.Strategy, report: bool
) -> Callable[[], dict[str, Scores]]:
    """A function that evaluates the model on every split that the run may see."""
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


def _run_epoch(config, data, strategy, model, run_steps, calls, epoch) -> tuple[float, float]:
    """Runs the steps of one epoch; returns images per second and the mean loss (NaN if it diverged)."""
    batch_size = config.train.batch_size
    steps = data.train_size // batch_size
    iterator = iter(strategy.experimental_distribute_dataset(data.train(config.seed, epoch, batch_size)))
    model.reset_metrics()
    started, done, loss = time.perf_counter(), 0, math.nan
    # Workers read the loss together, so all of them have to call the loop equally often.
    several_workers = strategy.cluster_resolver is not None
    now = STEPS_PER_CALL if several_workers else 1
    while done < steps:
        now = min(now, steps - done)
        called = time.perf_counter()
        calls.on_train_batch_begin(done)
        run_steps(iterator, tf.constant(now))
        data.check_readable()
        done += now
        loss = float(model.get_metrics_result()["loss"])
        calls.on_train_batch_end(done - 1, {"loss": loss})
        if not math.isfinite(loss):
            break
        if not several_workers:
            step_seconds = (time.perf_counter() - called) / now
            now = max(1, min(STEPS_PER_CALL, int(SECONDS_PER_CALL / step_seconds)))
    return done * batch_size / (time.perf_counter() - started), loss
