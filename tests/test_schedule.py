import pytest

from alexnet_tf.config import TrainConfig
from alexnet_tf.schedule import is_finished, learning_rate, plateaus


def test_constant():
    assert learning_rate(TrainConfig(learning_rate=0.02), epoch=50) == 0.02


def test_steps_divide_after_the_named_epochs():
    config = TrainConfig(learning_rate=0.01, schedule="steps", drops=(2, 4))

    assert [learning_rate(config, epoch) for epoch in range(1, 6)] == [0.01, 0.01, 0.001, 0.001, 0.0001]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([], 0),
        ([0.5, 0.4, 0.3], 0),
        ([0.5, 0.5, 0.5], 1),  # two epochs without improvement
        ([0.5, 0.5, 0.5, 0.5, 0.5], 2),  # the count starts again after a plateau
        ([0.5, 0.6, 0.4, 0.6, 0.6], 1),  # an improvement in between starts it again too
    ],
)
def test_plateaus_of_two_epochs(errors, expected):
    assert plateaus(errors, patience=2) == expected


def test_plateau_divides_at_most_max_drops_times_then_ends_the_run():
    config = TrainConfig(epochs=99, learning_rate=1.0, schedule="plateau", patience=1, max_drops=2)
    flat = [0.5, 0.5, 0.5, 0.5]  # three plateaus

    assert learning_rate(config, 2, flat[:1]) == 1.0
    assert learning_rate(config, 3, flat[:2]) == 0.1
    assert learning_rate(config, 5, flat) == 0.01
    assert not is_finished(config, [0.9] * 3, flat[:3])
    assert is_finished(config, [0.9] * 4, flat)


def test_ends_at_the_cap_or_two_epochs_after_the_target():
    config = TrainConfig(epochs=5, stop_train_error=0.25, stop_extra_epochs=2)

    assert not is_finished(config, [])
    assert not is_finished(config, [0.5, 0.25, 0.3])
    assert is_finished(config, [0.5, 0.25, 0.3, 0.3])
    assert is_finished(config, [0.5] * 5)
    assert not is_finished(TrainConfig(epochs=5), [0.1] * 4)
