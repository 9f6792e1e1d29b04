import keras
import numpy as np
import pytest

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.history import History
from alexnet_tf.training.schedule import check_schedule, ending, learning_rate


def measured(train_errors, selection_errors=()):
    """The history of a run with error 1 before training and these errors after each epoch."""
    return History([{"train_error": error} for error in (1.0, *train_errors)], list(selection_errors))


def test_the_step_schedule_divides_the_rate_after_the_named_epochs():
    config = TrainConfig(learning_rate=0.01, schedule="steps", drops=(2, 4))

    assert learning_rate(TrainConfig(learning_rate=0.02), epoch=50) == 0.02
    assert [learning_rate(config, epoch) for epoch in range(1, 6)] == [0.01, 0.01, 0.001, 0.001, 0.0001]


def test_plateau_divides_the_rate_at_most_max_drops_times_and_then_ends_the_run():
    config = TrainConfig(epochs=99, learning_rate=1.0, schedule="plateau", patience=1, max_drops=2)
    flat = [0.5, 0.5, 0.5, 0.5]  # three plateaus

    assert learning_rate(config, 2, flat[:1]) == 1.0
    assert learning_rate(config, 3, flat[:2]) == 0.1
    assert learning_rate(config, 5, flat) == 0.01
    assert ending(config, measured([0.9] * 3, flat[:3])) is None
    assert ending(config, measured([0.9] * 4, flat)).startswith("plateau: 1 epochs without")


def test_a_run_ends_after_all_epochs_or_two_epochs_after_the_target():
    config = TrainConfig(epochs=5, stop_train_error=0.25, stop_extra_epochs=2)

    assert ending(config, measured([])) is None
    assert ending(config, measured([0.5, 0.25, 0.3])) is None
    reason = ending(config, measured([0.5, 0.25, 0.3, 0.3]))
    assert "the training error reached 0.25" in reason
    assert "epoch 2" in reason
    assert ending(config, measured([0.5] * 5)) == "", "expected no reason after all epochs"
    assert ending(TrainConfig(epochs=5), measured([0.1] * 4)) is None


@pytest.mark.parametrize("factor", [10.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_plateau_with_a_minimum_equals_reduce_lr_on_plateau_of_keras(factor, seed):
    losses = np.random.default_rng(seed).normal(size=60).tolist()
    plateau = {"schedule": "plateau", "patience": 3, "max_drops": 99, "drop_factor": factor}
    config = TrainConfig(epochs=99, learning_rate=0.01, min_learning_rate=2e-4, **plateau)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(config.learning_rate), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(factor=1 / factor, patience=3, min_delta=0, min_lr=2e-4)
    callback.set_model(model)
    callback.on_train_begin()

    expected = []
    for epoch, loss in enumerate(losses):
        expected.append(float(model.optimizer.learning_rate.value.numpy()))
        callback.on_epoch_end(epoch, {"val_loss": loss})

    rates = [learning_rate(config, epoch, losses[: epoch - 1]) for epoch in range(1, 61)]
    assert rates == pytest.approx(expected, rel=1e-5)
    assert rates[-1] == 2e-4


@pytest.mark.parametrize("seed", range(5))
def test_early_stopping_equals_early_stopping_of_keras(seed):
    losses = np.random.default_rng(seed).normal(size=60).tolist()
    config = TrainConfig(epochs=99, early_stopping=4)
    callback = keras.callbacks.EarlyStopping(monitor="loss", patience=4)
    callback.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    callback.on_train_begin()

    for epoch, loss in enumerate(losses, start=1):
        callback.on_epoch_end(epoch - 1, {"loss": loss})
        finished = ending(config, measured([0.9] * epoch, losses[:epoch])) is not None
        assert finished == bool(callback.stopped_epoch)
        if finished:
            break
    assert 4 < epoch < 60


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule": "plateau"}, "schedule plateau: expected holdout=true"),
        ({"early_stopping": 3}, "early_stopping of selection_error: expected holdout=true"),
    ],
    ids=str,
)
def test_a_schedule_or_early_stopping_that_needs_a_holdout_is_refused_without_one(changes, words):
    with pytest.raises(InputError, match=words):
        check_schedule(TrainConfig(**changes), holdout=False)
    check_schedule(TrainConfig(early_stopping=3, early_stopping_watch="train_loss"), holdout=False)
