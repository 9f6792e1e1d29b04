import numpy as np
import pytest

from alexnet_tf.reference import dropout, softmax


def test_softmax_does_not_overflow_and_ignores_a_shift():
    logits = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(softmax(logits + 1e4), softmax(logits), rtol=1e-11)
    assert np.isfinite(softmax(np.array([[-1e9, 1e9]]))).all()


@pytest.mark.parametrize("rate", [0.5, 0.2])
def test_dropout_zeroes_values_at_its_rate_and_inverted_dropout_rescales_the_others(rate):
    values = np.random.default_rng(0).random((400, 500)) + 1
    dropped = dropout(values, rate, np.random.default_rng(1))
    zero = dropped == 0
    # The standard error of the share in 200,000 draws is at most .0012, a quarter of the tolerance.
    assert zero.mean() == pytest.approx(rate, abs=0.005)
    np.testing.assert_array_equal(dropped[~zero], values[~zero])
    inverted = dropout(values, rate, np.random.default_rng(1), inverted=True)
    np.testing.assert_allclose(inverted, dropped / (1 - rate), rtol=1e-15)


@pytest.mark.parametrize("inverted", [False, True])
def test_the_output_of_dropout_at_test_time_is_the_mean_of_training(inverted):
    values = np.array([1.0, -2.0, 30.0])
    generator = np.random.default_rng(2)
    mean = np.mean([dropout(values, 0.5, generator, inverted) for _ in range(20_000)], axis=0)
    np.testing.assert_allclose(mean, dropout(values, 0.5, inverted=inverted), rtol=0.05)


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan")])
def test_a_rate_that_is_no_probability_is_refused(rate):
    with pytest.raises(ValueError, match=r"rate: expected a probability in \[0, 1\); received"):
        dropout(np.zeros(3), rate)
