import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.evaluate import make_evaluator
from tests.tiny import tiny_image_set

ONE = tf.distribute.get_strategy()


@pytest.fixture(scope="module")
def data() -> DataPipelines:
    return DataPipelines(tiny_image_set(report=37), DataConfig(input_scale="unit"))


def dense_net(shape=(8, 8, 3), classes=6) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(classes)])


def scores_by_hand(model, data) -> tuple[float, float, float]:
    images = np.concatenate([images for images, _, _ in data.report(37)])
    labels = data.image_set.report_labels
    logits = np.asarray(model(images), np.float64)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    ranks = (logits > logits[np.arange(37), labels][:, np.newaxis]).sum(axis=1)
    return -log_probabilities[np.arange(37), labels].mean(), (ranks > 0).mean(), (ranks >= 5).mean()


# Two replicas split batches of 5 into 3 and 2.
@pytest.mark.parametrize(("batch_size", "replicas"), [(1, 1), (10, 1), (37, 1), (64, 1), (5, 2)])
def test_every_example_counts_once_whatever_the_batch_size(data, batch_size, replicas):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]) if replicas == 2 else ONE
    with strategy.scope():
        model = dense_net()

    batches = strategy.experimental_distribute_dataset(data.report(batch_size))
    scores = make_evaluator(model, strategy)(batches)

    loss, error, top5_error = scores_by_hand(model, data)
    assert (scores.count, scores.error, scores.top5_error) == (37, error, top5_error)
    assert scores.loss == pytest.approx(loss, rel=1e-5)


def test_an_evaluator_uses_the_current_weights(data):
    model = dense_net()
    evaluate, batches = make_evaluator(model, ONE), data.report(37)
    before = evaluate(batches)
    weights = model.get_weights()
    model.set_weights([-weight for weight in weights])
    after = evaluate(batches)
    model.set_weights(weights)

    assert after != before
    assert evaluate(batches) == before


def test_the_top_5_error_of_three_classes_is_0():
    images = np.zeros((4, 2, 2, 1), np.float32)
    dataset = tf.data.Dataset.from_tensors((images, np.array([0, 1, 2, 0]), np.ones(4, np.float32)))

    assert make_evaluator(dense_net((2, 2, 1), 3), ONE)(dataset).top5_error == 0
