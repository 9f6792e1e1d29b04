"""Checks, builds and compiles the network of a run."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf
from tensorflow.python.framework import ops

from alexnet_tf.checkpoints.saved import Trained
from alexnet_tf.checkpoints.transfer import check_freeze, check_start, copy_weights, freeze_layers
from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.config.models import ModelConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.processor import has_bfloat16, warn_of_emulation
from alexnet_tf.training.compared import compared_values
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.schedule import check_schedule
from alexnet_tf.training.workers import current_workers, ending_together

UNBUILDABLE = (TypeError, ValueError, ArithmeticError, IndexError, tf.errors.ResourceExhaustedError)


def check_run(config: Config, data: DataPipelines, strategy: tf.distribute.Strategy) -> None:
    """Raises an InputError if a run cannot be trained.

    The names of a network's layers are cached, so the check is quick for further runs of the same network.
    """
    _check_numbers(config, data, strategy)
    check_start(config, None)
    _check_layers(config, _layer_names(config.model, data.input_shape, data.image_set.classes))


@ending_together()
def compile_model(
    config: Config, data: DataPipelines, strategy: tf.distribute.Strategy, start: Trained | None = None
) -> keras.Model:
    """Builds and compiles the model of a run in the strategy's scope; initialises it with the run's seed.

    Args:
        start: trained network to start from. `config.train.start` must be its fingerprint, and `data` must
            use its preprocessing.

    Raises:
        InputError: if the run cannot be trained; on all workers, if one of them trains another run.
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
            # XLA would make convolutions on CPUs several times slower.
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
            f"use --set batch_size={-(-batch_size // replicas) * replicas}"
        )
    if batch_size > data.train_size:
        raise InputError(
            f"batch_size: expected at most the number of training images, {data.train_size}; "
            f"received {batch_size}; use --set batch_size={data.train_size}"
        )
    check_schedule(config.train, config.data.holdout)


def _check_layers(config: Config, names: Sequence[str]) -> None:
    if config.train.freeze_conv1_after and "conv1" not in names:
        raise InputError("freeze_conv1_after: expected a model with a layer conv1; received one without it")
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
    """A compiled function of a distributed iterator and a number of steps; each step trains on one batch."""

    @tf.function
    def run_steps(iterator, steps):
        for _ in tf.range(steps):
            with _gradients_forgotten():
                strategy.run(model.train_step, args=(next(iterator),))

    return run_steps


@contextlib.contextmanager
def _gradients_forgotten() -> Iterator[None]:
    """Removes the custom gradients that TensorFlow registers for operations traced in the body.

    TensorFlow keeps them until the process ends, and with them the graph and all variables of the network and
    the optimizer. `all_reduce`, with which Keras sums gradients over replicas, has a custom gradient. Once
    a training step is traced, custom gradients are not needed, because nothing differentiates a step.
    """
    registered = ops.gradient_registry._registry
    before = set(registered)
    try:
        yield
    finally:
        # Functions within the graph, such as LRN's, keep theirs, because they are traced once for all graphs.
        for operation in ops.get_default_graph().get_operations():
            name = operation.node_def.attr["_gradient_op_type"].s.decode()
            if name.startswith("CustomGradient-") and name not in before:
                registered.pop(name, None)
