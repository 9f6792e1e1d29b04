"""Data parallelism changes nothing: the update of two devices is that of one."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.config.fields import Config, TrainConfig
from alexnet_tf.config.presets import PAPER
from alexnet_tf.models import build_model
from alexnet_tf.training.optimizers import make_optimizer
from alexnet_tf.training.strategy import make_strategy

BATCH = 4


def updated(replicas: str, images: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Changes of all weights by one step of the paper's net, an eighth as wide, on images of 99."""
    config = Config(train=TrainConfig(batch_size=BATCH, learning_rate=0.01, weight_decay=5e-4)).replace(
        model=PAPER
    )
    config = config.replace(width=0.125, dropout=0.0, init="he", hidden_bias=0.0)
    strategy = make_strategy(replicas)
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = build_model(config.model, images.shape[1:], 10)
        model.compile(
            make_optimizer(config.train.learning_rate, weight_decay=config.train.weight_decay),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        model.optimizer.build(model.trainable_variables)
    before = model.get_weights()
    batches = strategy.experimental_distribute_dataset(
        tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH, drop_remainder=True)
    )

    @tf.function
    def step(batch):
        strategy.run(model.train_step, args=(batch,))

    step(next(iter(batches)))
    return [after - first for after, first in zip(model.get_weights(), before, strict=True)]


def batch() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (BATCH, 99, 99, 3)).astype(np.float32), rng.integers(0, 10, BATCH)


@pytest.mark.slow
def test_two_devices_update_alexnet_as_one_does(tmp_path):
    # In a process of its own: TensorFlow remembers the shapes of a process's first all-reduce on two
    # devices, and other tests have other nets.
    path = tmp_path / "two.npz"
    command = [sys.executable, "-m", "tests.models.test_alexnet_replicas", str(path)]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=600)
    with np.load(path) as file:
        two = [file[name] for name in file.files]
    one = updated("1", *batch())

    assert len(one) == len(two) == 16
    for single, mirrored in zip(one, two, strict=True):
        scale = np.abs(single).max()
        assert scale > 0
        # Only the order of the sum over images differs: a few roundings of float32.
        np.testing.assert_allclose(mirrored, single, atol=2e-5 * scale, rtol=0)


if __name__ == "__main__":
    np.savez(sys.argv[1], *updated("2", *batch()))
