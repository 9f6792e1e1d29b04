"""The training loop, the same for all distribution strategies."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from alexnet_tf.config.fields import Config
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.interval import CheckpointInterval
from alexnet_tf.training.history import History
from alexnet_tf.training.network import compile_model
from alexnet_tf.training.session import Session
from alexnet_tf.training.workers import ending_together


@ending_together()
def train(
    config: Config,
    data: DataPipelines,
    strategy: tf.distribute.Strategy | None = None,
    checkpoint: Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    report: bool = True,
    model: keras.Model | None = None,
    checkpoint_every: CheckpointInterval = CheckpointInterval(),
) -> tuple[keras.Model, History]:
    """Trains one run to its end; resumes from its checkpoint if there is one.

    Before the first and after each epoch the model is evaluated in inference mode on the training subset, the
    report split (the test images, if there are any) and, if the config holds it out, the selection split.
    Then the checkpoint is replaced. Within an epoch it is replaced at the given interval and after Ctrl-C,
    SIGTERM or SIGHUP. A resumed run gives the same results as an uninterrupted one.

    Args:
        data: pipelines opened with `config.data`.
        strategy: distribution strategy. The global batch size is always `config.train.batch_size`.
        checkpoint: file for the state of the run; by default no state is saved.
        callbacks: Keras callbacks. Their batch methods are called once for each group of up to 30 steps.
            Their `params["history"]` is the history so far.
        report: whether to evaluate on the report split. If not, the config must hold out the selection
            split.
        model: a model from `training.network.compile_model`; by default it is built here.
        checkpoint_every: steps or seconds between two checkpoints within an epoch.

    Returns:
        The trained model, and the history. A run whose loss or weights are no longer finite ends with status
        `diverged`.

    Raises:
        InputError: if the run cannot be trained, or another worker has ended.
        TrainingInterrupted: after Ctrl-C, SIGTERM or SIGHUP.
    """
    strategy = strategy or tf.distribute.get_strategy()
    model = model or compile_model(config, data, strategy)
    session = Session(config, data, strategy, model, checkpoint, callbacks, report, checkpoint_every)
    with session.in_order():
        session.begin()
        while session.goes_on():
            images_per_second, loss = session.train_epoch()
            scores = session.evaluate() if math.isfinite(loss) else {}
            session.end_epoch(images_per_second, loss, scores)
    return model, session.history
