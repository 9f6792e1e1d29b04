import os
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


def updated(replicas: str) -> list[np.ndarray]:
    """The changes of all weights in one training step of AlexNet at 1/8 of its width, on 99x99 images."""
    rng = np.random.default_rng(0)
    images, labels = rng.normal(0, 1, (BATCH, 99, 99, 3)).astype(np.float32), rng.integers(0, 10, BATCH)
    config = Config(model=PAPER, train=TrainConfig(batch_size=BATCH, learning_rate=0.01, weight_decay=5e-4))
    config = config.replace(width=0.125, dropout=0.0, init="he", hidden_bias=0.0)
    strategy = make_strategy(replicas)
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = build_model(config.model, images.shape[1:], 10)
        optimizer = make_optimizer(config.train.learning_rate, weight_decay=config.train.weight_decay)
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.optimizer.build(model.trainable_variables)
    before = model.get_weights()
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH, drop_remainder=True)
    batches = strategy.experimental_distribute_dataset(dataset)

    @tf.function
    def step(batch):
        strategy.run(model.train_step, args=(batch,))

    step(next(iter(batches)))
    return [after - first for after, first in zip(model.get_weights(), before, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("replicas", "onednn"), [("2", "1"), ("1", "0")], ids=["two devices", "TensorFlow's own kernels"]
)
def test_another_way_of_computing_gives_the_same_update(tmp_path, replicas, onednn):
    # The other update is computed in a new process, because TensorFlow reads TF_ENABLE_ONEDNN_OPTS only once.
    # TensorFlow also keeps the shapes of the first all-reduce on two devices in a process; in this process,
    # that may have been the all-reduce of another net in an earlier test.
    path = tmp_path / "update.npz"
    command = [sys.executable, "-m", "tests.models.test_alexnet_update", replicas, str(path)]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=600, env=environment)
    with np.load(path) as file:
        others = [file[name] for name in file.files]
    usual = updated("1")

    assert len(usual) == len(others) == 16
    for one, other in zip(usual, others, strict=True):
        scale = np.abs(one).max()
        assert scale > 0
        # Only the order of sums differs, which causes a few rounding errors of float32.
        np.testing.assert_allclose(other, one, atol=2e-5 * scale, rtol=0)
    assert any((one != other).any() for one, other in zip(usual, others, strict=True))


if __name__ == "__main__":
    np.savez(sys.argv[2], *updated(sys.argv[1]))
