from types import SimpleNamespace

import keras
import numpy as np
import pytest

from alexnet_tf.layers import LocalResponseNormalization
from experiments.claims.lrn import lrn_factor_cv

PIXELS = np.float32([[1.0], [2.0], [2.0]]).reshape(3, 1, 1, 1)


def data(weights: list[float]) -> SimpleNamespace:
    return SimpleNamespace(report=lambda size: iter([(PIXELS, np.zeros(3), np.float32(weights))]))


def measured(weights: list[float], **arguments) -> float:
    inputs = keras.Input((1, 1, 1))
    net = keras.Model(inputs, LocalResponseNormalization(n=1, name="lrn1", **arguments)(inputs))
    return lrn_factor_cv([net], data(weights))["lrn_factor_cv"]


def test_the_measure_ignores_padding():
    # Factors 1 / (1 + a^2) of the two examples of weight 1; the third is padding.
    factors = np.array([1 / 2, 1 / 5])
    expected = pytest.approx(factors.std() / factors.mean(), rel=1e-12)
    assert measured([1, 1, 0], k=1, alpha=1, beta=1) == expected


def test_the_measure_is_more_precise_than_the_net():
    assert 0 < measured([1, 1, 1], alpha=1e-6, dtype="mixed_bfloat16") < 1e-6


def test_a_net_without_normalisation_has_a_constant_factor():
    inputs = keras.Input((1, 1, 1))
    assert lrn_factor_cv([keras.Model(inputs, inputs)], data([1, 1, 1])) == {"lrn_factor_cv": 0.0}
