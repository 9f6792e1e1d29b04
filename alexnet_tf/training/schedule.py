"""Learning rate and end of training as functions of what has been measured so far.

They keep no state of their own, so a resumed run needs nothing but its learning curve.
"""

from collections.abc import Sequence

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.runtime.errors import InputError


def plateaus(errors: Sequence[float], patience: int) -> int:
    """How often `patience` epochs in a row brought no error below the best before them.

    Args:
        errors: one value for each finished epoch.
        patience: number of epochs; after a plateau the count starts again.

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
    """The rate of `epoch` (the first is 1), given what `config.watch` measured in the epochs before it.

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
    # Division, not a product with 0.1: .01 / 10 prints as 0.001.
    return max(config.learning_rate / config.drop_factor**drops, config.min_learning_rate)


def is_finished(
    config: TrainConfig,
    train_errors: Sequence[float],
    watched: Sequence[float] = (),
    watched_to_stop: Sequence[float] = (),
) -> bool:
    """Whether a run ends after the epochs whose training errors are given.

    Args:
        config: caps and stopping rules.
        train_errors: of epoch 1, 2, ...; epoch 0, before training, does not count.
        watched: likewise, what `config.watch` measured, for `plateau`.
        watched_to_stop: likewise, what `config.early_stopping_watch` measured.
    """
    epochs = len(train_errors)
    if epochs >= config.epochs:
        return True
    if config.stop_train_error > 0:
        reached = [i for i, error in enumerate(train_errors, 1) if error <= config.stop_train_error]
        if reached and epochs >= reached[0] + config.stop_extra_epochs:
            return True
    if config.early_stopping and plateaus(watched_to_stop, config.early_stopping):
        return True
    return config.schedule == "plateau" and plateaus(watched, config.patience) > config.max_drops


def check_schedule(config: TrainConfig, holdout: bool) -> None:
    """Raises an InputError for a schedule that could not be followed.

    Args:
        config: the schedule.
        holdout: whether there is a selection split to watch.
    """
    watchers = {
        "schedule plateau": config.schedule == "plateau",
        f"early_stopping of {config.early_stopping_watch}": config.early_stopping
        and config.early_stopping_watch != "train_loss",
    }
    for name, watches in watchers.items():
        if watches and not holdout:
            raise InputError(f"{name}: expected holdout=true, a selection split to watch; received false")
