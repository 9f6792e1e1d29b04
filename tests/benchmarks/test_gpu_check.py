import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.config.models import AlexNetConfig
from alexnet_tf.models import alexnet
from benchmarks import gpu_check
from benchmarks.__main__ import main
from benchmarks.tensorflow_side.training_step import compiled, paper_optimizer
from tests.command_errors import one_line_of_status_2

LAYERS = "grouped_conv2d", "local_response_normalization"


@pytest.fixture(autouse=True)
def policy():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)
    tf.config.experimental.enable_tensor_float_32_execution(True)


def small_net(precision: str = "float32", dropout: float = 0.5) -> keras.Model:
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    return compiled(alexnet((67, 67, 3), 10, AlexNetConfig(width=1 / 16, dropout=dropout)), paper_optimizer())


def test_gpu_check_without_a_gpu_is_one_line_and_status_2(capsys, monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert "docs/how-to/gpus" in one_line_of_status_2(main, ["gpu-check"], capsys)


@pytest.mark.slow
def test_gpu_check_without_a_gpu_prints_no_notices_of_tensorflow():
    command = [sys.executable, "-m", "benchmarks", "gpu-check"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    "precision", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.slow), "mixed_float16"]
)
def test_a_step_has_no_operation_of_the_host(monkeypatch, precision):
    for layer in LAYERS:
        monkeypatch.setattr(f"alexnet_tf.layers.{layer}.runs_on_gpu", lambda: True)
    assert gpu_check.host_operations(gpu_check.step_graph(small_net(precision), 4)) == []


def placed_on_the_cpu(x):
    with tf.device("CPU:0"):
        return tf.nn.relu(x)


@pytest.mark.parametrize(
    ("work", "named"),
    [
        (lambda x: tf.numpy_function(np.sin, [x], tf.float32), "PyFunc"),
        (lambda x: tf.strings.as_string(x), "AsString"),
        (placed_on_the_cpu, "Relu"),
    ],
)
def test_operations_of_the_host_are_found(work, named):
    graph = tf.function(work).get_concrete_function(tf.TensorSpec((2,), tf.float32)).graph
    assert gpu_check.host_operations(graph) == [named]


def test_the_cpu_does_not_differ_from_itself():
    assert gpu_check.gpu_difference("CPU:0", side=67, batch=2, width=1 / 16) == 0


@pytest.mark.slow
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_xla_compiles_the_whole_step(dropout):
    rng = np.random.default_rng(0)
    batch = rng.normal(0, 60, (4, 67, 67, 3)).astype(np.float32), rng.integers(0, 10, 4)
    weights = []
    for jit_compile in (False, True):
        model = small_net(dropout=dropout)
        tf.function(model.train_step, jit_compile=jit_compile)(batch)
        weights.append(model.get_weights())
    # For dropout, XLA draws other random numbers, so the update differs more.
    bound = 1e-3 if dropout else 1e-6
    for plain, by_xla in zip(*weights, strict=True):
        np.testing.assert_allclose(plain, by_xla, rtol=0, atol=bound)
