import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.callbacks import GradientNorms
from alexnet_tf.training.network import compile_model
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import IMAGE_SET, run

# An epoch has two steps. Weight decay is not part of the measured gradient.
CONFIG = TINY_CONFIG.replace(epochs=2, batch_size=48, weight_decay=0.1)
ONE = tf.distribute.get_strategy()


@pytest.fixture(scope="module")
def recorded():
    seen = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))
    model, history = run(CONFIG, callbacks=[GradientNorms(ONE), watch])
    return model, history.gradient_norms, seen


def test_mean_and_largest_norms_equal_the_norms_of_the_gradients(recorded):
    data = DataPipelines(IMAGE_SET, CONFIG.data)
    model = compile_model(CONFIG, data, ONE)
    norms = []
    for images, labels in data.train(CONFIG.seed, 1, 48):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        # The squared norms of kernel and bias are added in each of the four layers.
        squares = np.array([np.sum(np.square(gradient)) for gradient in gradients]).reshape(4, 2).sum(axis=1)
        norms.append(np.sqrt([*squares, squares.sum()]))
        model.optimizer.apply(gradients, model.trainable_variables)

    rows = [row for row in recorded[1] if row["epoch"] == 1]
    assert [row["layer"] for row in rows] == ["conv1", "conv2", "conv3", "logits", "all"]
    np.testing.assert_allclose([row["mean_norm"] for row in rows], np.mean(norms, axis=0), rtol=1e-4)
    np.testing.assert_allclose([row["max_norm"] for row in rows], np.max(norms, axis=0), rtol=1e-4)
    assert np.all(np.max(norms, axis=0) > np.mean(norms, axis=0))


def test_the_norms_of_each_epoch_are_recorded_and_passed_to_later_callbacks(recorded):
    _, rows, logs = recorded
    totals = [row for row in rows if row["layer"] == "all"]

    assert [row["epoch"] for row in totals] == [1, 2]
    assert [log["gradient_norm_mean"] for log in logs] == [row["mean_norm"] for row in totals]
    assert [log["gradient_norm_max"] for log in logs] == [row["max_norm"] for row in totals]
    assert totals[0]["mean_norm"] != totals[1]["mean_norm"]


def test_measuring_norms_does_not_change_the_weights(recorded):
    model, history = run(CONFIG)

    assert history.gradient_norms == []
    keras.tree.map_structure(np.testing.assert_array_equal, model.get_weights(), recorded[0].get_weights())


def test_two_replicas_measure_the_gradient_of_the_whole_batch(recorded):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    _, history = run(CONFIG, strategy=strategy, callbacks=[GradientNorms(strategy)])

    for two, one in zip(history.gradient_norms, recorded[1], strict=True):
        assert two["mean_norm"] == pytest.approx(one["mean_norm"], rel=1e-3)
        assert two["max_norm"] == pytest.approx(one["max_norm"], rel=1e-3)
