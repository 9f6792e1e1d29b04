"""Several devices and several workers give the numbers of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.runtime.errors import InputError
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import run


@pytest.mark.parametrize(
    ("lrn", "optimizer"), [(False, "momentum"), pytest.param(True, "adam", marks=pytest.mark.slow)]
)
def test_two_replicas_give_the_same_result_as_one(lrn, optimizer):
    config = TINY_CONFIG.replace(lrn=lrn, flip=True, pad=1, weight_decay=1e-3, bias_rate=2.0)
    config = config.replace(optimizer=optimizer)
    model, one = run(config)
    mirrored, two = run(config, strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))

    # The sums over the batch are taken in another order, so equal up to float32 rounding.
    for a, b in zip(model.get_weights(), mirrored.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    for a, b in zip(one.curve, two.curve, strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-4)


def test_batch_size_has_to_be_a_multiple_of_the_replicas():
    with pytest.raises(InputError, match="multiple of the 2 replicas; received 15"):
        run(TINY_CONFIG.replace(batch_size=15), strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))


WORKER = """
import json, sys
import tensorflow as tf
from alexnet_tf.training.strategy import is_chief, make_strategy
strategy = make_strategy()
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.train import train
from tests.tiny import TINY_CONFIG, tiny_image_set
config = TINY_CONFIG.replace(epochs=2)
_, history = train(config, DataPipelines(tiny_image_set(), config.data), strategy=strategy)
print("CURVE", json.dumps([strategy.num_replicas_in_sync, is_chief(strategy),
                           [p["train_loss"] for p in history.curve]]), flush=True)
"""


@pytest.mark.slow
def test_two_workers_give_the_same_result_as_one():
    import socket

    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    workers = []
    for index in range(2):
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        workers.append(
            subprocess.Popen(
                [sys.executable, "-c", WORKER],
                env={**os.environ, "TF_CONFIG": json.dumps(cluster)},
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [worker.communicate(timeout=300) for worker in workers]
    for worker, (_, errors) in zip(workers, outputs, strict=True):
        assert worker.returncode == 0, errors[-2000:]
    results = [
        json.loads(line.removeprefix("CURVE "))
        for output, _ in outputs
        for line in output.splitlines()
        if line.startswith("CURVE ")
    ]

    _, alone = run(TINY_CONFIG.replace(epochs=2))
    assert [(replicas, chief) for replicas, chief, _ in results] == [(2, True), (2, False)]
    for _, _, losses in results:
        assert losses == pytest.approx([point["train_loss"] for point in alone.curve], rel=1e-3)
