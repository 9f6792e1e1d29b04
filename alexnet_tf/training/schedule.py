"""Computes the learning rate and the end of training from the configuration and the learning curve."""

from collections.abc import Sequence

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.history import History


def plateaus(errors: Sequence[float], patience: int) -> int:
    """Number of plateaus. A plateau is `patience` epochs in a row without a new lowest error.

    After a plateau the count of epochs starts again; the lowest error so far is kept.

    Example:

    >>> plateaus([0.5, 0.4, 0.4, 0.41, 0.39], patience=2)
    1
    """
    best, wait, found = float("inf"), 0, 0
    for error in errors:
        if error < best:
            best, wait = error, 0
        else:
            wait += 1
            if wait == patience:
                found, wait = found + 1, 0
    return found


def learning_rate(config: TrainConfig, epoch: int, watched: Sequence[float] = ()) -> float:
    """The learning rate of an epoch.

    Args:
        epoch: number of the epoch, counted from 1.
        watched: values of `config.watch` after the earlier epochs.

    Example:

    >>> config = TrainConfig(learning_rate=0.01, schedule="steps", drops=(2,))
    >>> [learning_rate(config, epoch) for epoch in (1, 2, 3)]
    [0.01, 0.01, 0.001]
    """
    if config.schedule == "steps":
        drops = sum(epoch > drop for drop in config.drops)
    elif config.schedule == "plateau":
        drops = min(plateaus(watched, config.patience), config.max_drops)
    else:
        drops = 0
    # 0.01 * 0.1**2 would be 0.00010000000000000002.
    return max(config.learning_rate / config.drop_factor**drops, config.min_learning_rate)


def ending(config: TrainConfig, history: History) -> str | None:
    """Why a run ends after the epochs in its history; None if it continues.

    The reason is empty if the run ends only because all its epochs are trained.

    Example:

    >>> history = History(curve=[{"train_error": error} for error in (0.9, 0.4, 0.2)])
    >>> ending(TrainConfig(epochs=9, stop_train_error=0.25, stop_extra_epochs=0), history)
    'the training error reached 0.2, at or below the target 0.25, in epoch 2'
    """
    errors = [point["train_error"] for point in history.curve[1:]]
    if config.stop_train_error > 0:
        reached = [i for i, error in enumerate(errors, 1) if error <= config.stop_train_error]
        if reached and len(errors) >= reached[0] + config.stop_extra_epochs:
            return (
                f"the training error reached {errors[reached[0] - 1]:.4g}, at or below the target "
                f"{config.stop_train_error:g}, in epoch {reached[0]}"
            )
    to_stop = history.watched(config.early_stopping_watch)
    if config.early_stopping and plateaus(to_stop, config.early_stopping):
        return f"early stopping: {config.early_stopping} epochs without a lower {config.early_stopping_watch}"
    watched = history.watched(config.watch)
    if config.schedule == "plateau" and plateaus(watched, config.patience) > config.max_drops:
        return (
            f"plateau: {config.patience} epochs without a lower {config.watch} after the learning rate was "
            f"divided {config.max_drops} times"
        )
    return "" if len(errors) >= config.epochs else None


def check_schedule(config: TrainConfig, holdout: bool) -> None:
    """Raises an InputError if the schedule or early stopping needs a selection split but none is held out."""
    watchers = []
    if config.schedule == "plateau":
        watchers.append("schedule plateau")
    if config.early_stopping and config.early_stopping_watch != "train_loss":
        watchers.append(f"early_stopping of {config.early_stopping_watch}")
    if watchers and not holdout:
        raise InputError(f"{watchers[0]}: expected holdout=true, a selection split to watch; received false")
