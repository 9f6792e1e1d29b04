import itertools
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.layers import Dropout
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import run

ONES = np.ones((4, 100), np.float32)


def masks_by_step(layer, strategy, steps=3) -> list[list[list[float]]]:
    """The outputs of training steps for an input of ones: [step][replica][example][unit]."""
    with strategy.scope():
        layer.build(ONES.shape)

    @tf.function
    def step():
        return strategy.run(lambda: layer(ONES, training=True))

    results = strategy.experimental_local_results
    return [[np.asarray(y).tolist() for y in results(step())] for _ in range(steps)]


def test_without_a_strategy_the_masks_equal_the_masks_of_keras():
    masks = []
    for kind in (Dropout, keras.layers.Dropout):
        keras.utils.set_random_seed(3)
        masks.append(masks_by_step(kind(0.5), tf.distribute.get_strategy()))

    assert masks[0] == masks[1]
    assert masks[0][0] != masks[0][1]


def test_replicas_draw_different_masks_and_the_first_draws_the_masks_of_one_device():
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    found = []
    for strategy in (mirrored, mirrored, tf.distribute.get_strategy()):
        keras.utils.set_random_seed(3)
        with strategy.scope():
            layer = Dropout(0.5)
        found.append(masks_by_step(layer, strategy))

    two, again, one = found
    assert two == again
    assert [step[:1] for step in two] == one
    assert_all_different(two)


def assert_all_different(masks) -> None:
    # Two independent masks agree in 50% of their 400 values, with a standard deviation of 2.5%, and half of a
    # mask is 0. The limits are 6 standard deviations away.
    flat = [np.asarray(mask) for step in masks for mask in step]
    assert all(np.mean(a == b) < 0.65 for a, b in itertools.combinations(flat, 2))
    assert all(0.35 < np.mean(mask == 0) < 0.65 for mask in flat)


MANY = """
import json, sys
import keras
from alexnet_tf.training.strategy import make_strategy
strategy = make_strategy(sys.argv[1])
from alexnet_tf.config.models import AlexNetConfig
from alexnet_tf.models import build_model
from tests.layers.test_dropout import masks_by_step
keras.utils.set_random_seed(0)
with strategy.scope():
    model = build_model(AlexNetConfig(width=0.0625), (227, 227, 3), 5)
print(json.dumps([masks_by_step(model.get_layer(name), strategy) for name in ("dropout6", "dropout7")]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [4, 8])
def test_the_layers_of_a_network_draw_a_mask_for_each_replica(replicas):
    command = [sys.executable, "-c", MANY, str(replicas)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    layers = json.loads(done.stdout.splitlines()[-1])

    assert [len(step) for step in layers[0]] == 3 * [replicas]
    assert_all_different([step for masks in layers for step in masks])


def test_augmentation_depends_on_the_example_and_not_on_the_replica():
    noise = {"color_noise": "paper", "rotation": 10.0, "brightness": 0.1, "gaussian_noise": 5.0}
    config = TINY_CONFIG.replace(epochs=1, flip=True, pad=1, crop=8, **noise)
    _, one = run(config)
    _, two = run(config, strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))

    assert two.curve[1]["train_loss"] == pytest.approx(one.curve[1]["train_loss"], rel=1e-4)
