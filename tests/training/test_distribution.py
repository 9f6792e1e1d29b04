import json
import os

import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.config.presets import PRESETS
from alexnet_tf.runtime.errors import InputError
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import run
from tests.worker_processes import Worker, start_workers, wait_for_end


@pytest.mark.parametrize(
    ("lrn", "optimizer"), [(False, "momentum"), pytest.param(True, "adam", marks=pytest.mark.slow)]
)
def test_two_replicas_give_the_same_result_as_one(lrn, optimizer):
    config = TINY_CONFIG.replace(lrn=lrn, flip=True, pad=1, weight_decay=1e-3, bias_rate=2.0)
    config = config.replace(optimizer=optimizer)
    model, one = run(config)
    mirrored, two = run(config, strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))

    # Two replicas sum over the batch in another order, so the weights are equal up to rounding.
    for a, b in zip(model.get_weights(), mirrored.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    for a, b in zip(one.curve, two.curve, strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-4)


def test_a_batch_size_that_is_no_multiple_of_the_replicas_is_refused():
    with pytest.raises(InputError, match="multiple of the 2 replicas; received 15"):
        run(TINY_CONFIG.replace(batch_size=15), strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))


SCALED = PRESETS["alexnet-scaled"].config("builtin").replace(width=1 / 16, image_size=0, epochs=2)
# The runs have random flips or dropout. They have few steps, so rounding differences stay small.
CONFIGS = (
    TINY_CONFIG.replace(epochs=2, flip=True, pad=1, weight_decay=1e-3),
    SCALED.replace(batch_size=16, learning_rate=0.01),
)
SIDES = (8, 64)

WORKER = """
import json
import sys
from alexnet_tf.training.strategy import is_chief, make_strategy
strategy = make_strategy(*sys.argv[1:])
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.train import train
from alexnet_tf.training.workers import current_workers
from tests.tiny import tiny_image_set
from tests.training.test_distribution import CONFIGS, SIDES
for config, side in zip(CONFIGS, SIDES):
    data = DataPipelines(tiny_image_set(side=side), config.data)
    _, history = train(config, data, strategy=strategy)
    losses = [point["train_loss"] for point in history.curve]
    print(json.dumps([strategy.num_replicas_in_sync, is_chief(strategy), losses]), flush=True)
current_workers().leave()
"""


@pytest.mark.slow
def test_two_workers_give_the_curves_of_two_replicas(tmp_path):
    chief, other = wait_for_end(start_workers([["-c", WORKER]] * 2, tmp_path))
    assert [chief.status, other.status] == [0, 0], chief.errors + other.errors
    results = [[json.loads(line) for line in worker.output] for worker in (chief, other)]

    assert [[result[:2] for result in worker] for worker in results] == [[[2, True]] * 2, [[2, False]] * 2]
    # The replicas run in their own process, because collective operations of one process may share keys.
    (replicas,) = wait_for_end([Worker(["-c", WORKER, "2"], {**os.environ}, tmp_path / "replicas")])
    assert replicas.status == 0, replicas.errors
    expected = [json.loads(line)[2] for line in replicas.output]
    assert len(expected) == len(CONFIGS)
    # Workers and replicas sum in different orders. The measured differences of losses are at most 1e-7.
    for number, losses in enumerate(expected):
        assert results[0][number][2] == results[1][number][2]
        assert results[0][number][2] == pytest.approx(losses, rel=1e-5)
