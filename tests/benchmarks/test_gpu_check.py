import os
import re
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
from benchmarks.runner.task import Task
from benchmarks.tensorflow_side.training_step import compiled, paper_optimizer
from tests.command_errors import one_line_of_status_2

LAYERS = "grouped_conv2d", "local_response_normalization"


def small_net(precision: str = "float32", dropout: float = 0.5) -> keras.Model:
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    # With the paper's initialisation this net's updates would vanish in the rounding of its weights.
    config = AlexNetConfig(width=1 / 16, dropout=dropout, init="he")
    return compiled(alexnet((67, 67, 3), 10, config), paper_optimizer())


def test_gpu_check_without_a_gpu_prints_one_line_and_gives_status_2(capsys, monkeypatch):
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
def test_no_operation_of_a_training_step_is_left_to_the_host(monkeypatch, precision):
    for layer in LAYERS:
        monkeypatch.setattr(f"alexnet_tf.layers.{layer}.runs_on_gpu", lambda: True)
    assert gpu_check.host_operations(gpu_check.steps_graph(small_net(precision), 4)) == []


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
def test_operations_that_are_left_to_the_host_are_found(work, named):
    graph = tf.function(work).get_concrete_function(tf.TensorSpec((2,), tf.float32)).graph
    assert gpu_check.host_operations(graph) == [named]


def test_the_difference_is_0_for_the_same_device_and_shows_a_changed_gradient(monkeypatch):
    small = {"side": 67, "batch": 2, "width": 1 / 16}
    assert gpu_check.gpu_difference("CPU:0", **small) == 0
    true = gpu_check._loss_and_gradients

    def changed(model, images, labels, device):
        loss, *gradients = true(model, images, labels, "CPU:0")
        return [loss, *gradients[:-1], gradients[-1] * (1.01 if device == "other" else 1)]

    monkeypatch.setattr(gpu_check, "_loss_and_gradients", changed)
    assert gpu_check.gpu_difference("other", **small) == pytest.approx(0.01, rel=1e-3)
    assert tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.mark.parametrize(("difference", "hosted", "status"), [(0, [], 0), (1, [], 1), (0, ["PyFunc"], 1)])
def test_gpu_check_prints_rates_and_fails_with_any_check(monkeypatch, capsys, difference, hosted, status):
    monkeypatch.setattr(gpu_check, "BATCH", 2)
    monkeypatch.setattr(gpu_check, "SECONDS", 0.01)
    monkeypatch.setattr(gpu_check, "gpu_difference", lambda: difference)
    monkeypatch.setattr(gpu_check, "host_operations", lambda graph: hosted)
    monkeypatch.setattr(gpu_check, "compiled_alexnet", lambda precision: precision)
    monkeypatch.setattr(gpu_check, "steps_graph", lambda model, batch: None)
    monkeypatch.setattr(gpu_check, "training_task", lambda *args, **kwargs: Task(lambda: None, 20))
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "a GPU"})

    assert gpu_check.run_gpu_check(tf.config.PhysicalDevice("GPU:0", "GPU")) == status
    printed = capsys.readouterr().out
    assert "a GPU" in printed
    assert len(re.findall(r"batch 2, \w+: [1-9][\d,]* images/s; nvidia-smi: not available", printed)) == 3
    assert ("PyFunc" in printed) == bool(hosted)


@pytest.mark.slow
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_xla_compiles_the_whole_step(dropout):
    rng = np.random.default_rng(0)
    batch = rng.normal(0, 60, (4, 67, 67, 3)).astype(np.float32), rng.integers(0, 10, 4)
    updates = []
    for jit_compile in (False, True):
        model = small_net(dropout=dropout)
        before = model.get_weights()
        # If XLA cannot compile the step, this raises an error.
        tf.function(model.train_step, jit_compile=jit_compile)(batch)
        updates.append([new - old for new, old in zip(model.get_weights(), before, strict=True)])
    for plain, by_xla in zip(*updates, strict=True):
        largest = np.abs(plain).max()
        assert largest > 0
        assert np.isfinite(by_xla).all()
        # XLA draws other random numbers for dropout, so its updates differ.
        if not dropout:
            np.testing.assert_allclose(by_xla, plain, rtol=0, atol=1e-3 * largest)
