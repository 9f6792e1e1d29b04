import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import alexnet_tf.train
from alexnet_tf.checkpoint import restore_checkpoint, save_checkpoint
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.errors import InputError
from alexnet_tf.evaluate import Scores
from alexnet_tf.train import compile_model, train
from tests.tiny import TINY_CONFIG, tiny_image_set

IMAGE_SET = tiny_image_set()
METRICS = (
    "epoch",
    "train_loss",
    "train_error",
    "test_loss",
    "test_error",
    "test_top5_error",
    "learning_rate",
)


def run(config=TINY_CONFIG, **kwargs):
    return train(config, DataPipelines(IMAGE_SET, config.data), **kwargs)


def metrics(history) -> list[tuple]:
    return [tuple(point[name] for name in METRICS) for point in history.curve]


class StopAfter(keras.callbacks.Callback):
    """Ends the process's part of a run as a kill would, at the start of an epoch."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epochs:
            raise KeyboardInterrupt


def test_learns_and_records_every_epoch():
    _, history = run(TINY_CONFIG.replace(epochs=5))

    assert history.status == "done"
    assert [point["epoch"] for point in history.curve] == [0, 1, 2, 3, 4, 5]
    assert history.curve[0]["train_error"] > 0.6
    assert history.curve[-1]["train_error"] < 0.2
    assert history.curve[0]["images_per_second"] is None
    assert history.curve[1]["images_per_second"] > 0
    assert history.seconds > 0


def test_same_seed_same_numbers_other_seed_others():
    first, again, other = (run(TINY_CONFIG.replace(seed=seed))[1] for seed in (1, 1, 2))

    assert metrics(first) == metrics(again)
    assert metrics(first) != metrics(other)


@pytest.mark.parametrize(("finished", "optimizer"), [(0, "momentum"), (2, "momentum"), (2, "amsgrad")])
def test_resumed_run_equals_an_uninterrupted_one(tmp_path, finished, optimizer):
    config = TINY_CONFIG.replace(flip=True, pad=1, schedule="steps", drops=(2,), weight_decay=1e-3)
    config = config.replace(optimizer=optimizer)
    whole_model, whole = run(config)

    with pytest.raises(KeyboardInterrupt):
        run(config, checkpoint=tmp_path / "state.npz", callbacks=[StopAfter(finished)])
    epochs = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    model, history = run(config, checkpoint=tmp_path / "state.npz", callbacks=[watch])

    assert epochs == list(range(finished, 3))
    assert metrics(history) == metrics(whole)
    states = [[*m.variables, *m.optimizer.variables] for m in (model, whole_model)]
    for resumed, uninterrupted in zip(*states, strict=True):
        np.testing.assert_array_equal(resumed.value.numpy(), uninterrupted.value.numpy())


def test_a_finished_checkpoint_trains_no_further(tmp_path):
    _, history = run(checkpoint=tmp_path / "state.npz")
    epochs = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    _, again = run(checkpoint=tmp_path / "state.npz", callbacks=[watch])

    assert epochs == []
    assert again.curve == history.curve


def test_a_checkpoint_of_another_run_is_left_alone(tmp_path):
    run(checkpoint=tmp_path / "state.npz")
    other = TINY_CONFIG.replace(learning_rate=0.02)

    _, history = run(other, checkpoint=tmp_path / "state.npz")

    assert metrics(history) == metrics(run(other)[1])


@pytest.mark.parametrize("damage", [b"", b"junk", None], ids=["empty", "junk", "halved"])
def test_a_damaged_checkpoint_is_named(tmp_path, damage):
    path = tmp_path / "state.npz"
    run(TINY_CONFIG.replace(epochs=1), checkpoint=path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)

    with pytest.raises(InputError, match=r"damaged file .*delete it to start the run anew"):
        run(TINY_CONFIG.replace(epochs=1), checkpoint=path)


def test_checkpoint_keeps_the_state_of_dropout(tmp_path):
    def dropout_model(seed):
        model = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5, seed=seed)])
        model.compile(optimizer="sgd", loss="mse")
        model.optimizer.build(model.trainable_variables)
        return model

    model, ones = dropout_model(1), np.ones((1, 50), np.float32)
    model(ones, training=True)
    save_checkpoint(tmp_path / "state.npz", model, "hash", {})
    expected = np.asarray(model(ones, training=True))
    other = dropout_model(2)

    assert restore_checkpoint(tmp_path / "state.npz", other, "hash") == {}
    np.testing.assert_array_equal(np.asarray(other(ones, training=True)), expected)


def test_divergence_is_recorded():
    _, history = run(TINY_CONFIG.replace(learning_rate=1e6, epochs=50))

    assert history.status == "diverged"
    assert history.message.startswith("loss is not finite in epoch")
    assert all(np.isfinite(point["train_loss"]) for point in history.curve)


def test_divergence_in_the_last_step_of_an_epoch_is_recorded():
    # The step's own loss is finite, that of the weights it leaves is not.
    class BreakWeights(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            kernel = self.model.trainable_variables[-2]
            kernel.assign(np.full(kernel.shape, np.nan))

    _, history = run(TINY_CONFIG.replace(batch_size=96), callbacks=[BreakWeights()])

    assert (history.status, history.message) == ("diverged", "loss is not finite after epoch 1")
    assert [point["epoch"] for point in history.curve] == [0]


def test_a_loss_that_is_never_finite_is_recorded(monkeypatch):
    nothing = Scores(float("nan"), 1.0, 1.0, 96)
    monkeypatch.setattr(alexnet_tf.train, "make_evaluator", lambda *arguments: lambda: nothing)
    _, history = run()

    assert (history.status, history.message) == ("diverged", "loss is not finite after epoch 0")
    assert [point["epoch"] for point in history.curve] == [0]


def test_stops_after_the_target():
    _, history = run(TINY_CONFIG.replace(epochs=30, stop_train_error=0.3, stop_extra_epochs=2))

    reached = next(point["epoch"] for point in history.curve if point["train_error"] <= 0.3)
    assert history.curve[-1]["epoch"] == reached + 2


def test_plateau_watches_the_selection_split():
    config = TINY_CONFIG.replace(holdout=True, schedule="plateau", patience=1, epochs=6, learning_rate=0.0)
    _, history = run(config)

    # Nothing is learnt, so every epoch after the first is a plateau: the rate falls, then the run ends.
    assert len(set(history.selection_errors)) == 1
    assert len(history.selection_errors) == 5


def test_search_never_evaluates_the_report_split():
    config = TINY_CONFIG.replace(holdout=True)
    data = DataPipelines(IMAGE_SET, config.data)

    def forbidden(batch_size):
        raise AssertionError("the report split was opened")

    data.report = forbidden
    _, history = train(config, data, report=False)

    assert [point["test_error"] for point in history.curve[1:]] == history.selection_errors


def test_a_callback_may_set_the_learning_rate():
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)

    _, history = run(callbacks=[halve])

    assert [point["learning_rate"] for point in history.curve[1:]] == pytest.approx([0.005, 0.0025, 0.00125])


def test_a_callback_may_stop_the_run():
    stop = keras.callbacks.EarlyStopping(monitor="learning_rate", mode="min", patience=1)

    _, history = run(callbacks=[stop])

    assert history.status == "done"
    assert history.curve[-1]["epoch"] == 2


def test_tensorboard(tmp_path):
    run(TINY_CONFIG.replace(epochs=1), callbacks=[keras.callbacks.TensorBoard(tmp_path)])

    assert list(tmp_path.rglob("events.out.tfevents.*"))


@pytest.mark.parametrize(("lrn", "optimizer"), [(False, "momentum"), (True, "adam")])
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


def test_replicas_resume_exactly(tmp_path):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    _, whole = run(strategy=strategy)

    with pytest.raises(KeyboardInterrupt):
        run(strategy=strategy, checkpoint=tmp_path / "state.npz", callbacks=[StopAfter(2)])
    _, history = run(strategy=strategy, checkpoint=tmp_path / "state.npz")

    assert metrics(history) == metrics(whole)


def test_batch_size_has_to_be_a_multiple_of_the_replicas():
    with pytest.raises(InputError, match="multiple of the 2 replicas; received 15"):
        run(TINY_CONFIG.replace(batch_size=15), strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 97}, "at most the number of training images, 96; received 97"),
        ({"batch_size": 0}, "received 0"),
        ({"epochs": 0}, "epochs: expected a whole number >= 1"),
        ({"schedule": "plateau"}, "expected holdout=true"),
        ({"activation": "gelatine"}, "model: .*gelatine"),
        ({"pooling": ("max",)}, "model: "),
        ({"lrn": True, "lrn_n": 0}, "model: n: expected a whole number"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_said_beforehand(changes, words):
    with pytest.raises(InputError, match=words) as caught:
        run(TINY_CONFIG.replace(**changes))

    assert "\n" not in str(caught.value)


def test_mixed_precision_trains():
    config = TINY_CONFIG.replace(precision="mixed_bfloat16", lrn=True, epochs=6, learning_rate=0.03)
    _, history = run(config)

    assert history.curve[0]["train_error"] > 0.6
    assert history.curve[-1]["train_error"] < 0.3


def test_compiled_model_uses_the_configs_numbers():
    config = TINY_CONFIG.replace(momentum=0.8, weight_decay=0.1, bias_rate=2.0)
    model = compile_model(config, DataPipelines(IMAGE_SET, config.data), tf.distribute.get_strategy())

    assert (model.optimizer.momentum, model.optimizer.decay, model.optimizer.bias_rate) == (0.8, 0.1, 2.0)


def test_adam_learns_with_the_configs_numbers():
    config = TINY_CONFIG.replace(optimizer="amsgrad", momentum=0.8, weight_decay=1e-3, bias_rate=2.0)
    model, history = run(config)

    optimizer = model.optimizer
    assert (optimizer.beta_1, optimizer.decay, optimizer.bias_rate) == (0.8, 1e-3, 2.0)
    assert (optimizer.amsgrad, optimizer.epsilon) == (True, 1e-8)
    assert history.curve[0]["train_error"] > 0.6
    assert history.curve[-1]["train_error"] < 0.3


WORKER = """
import json, sys
import tensorflow as tf
from alexnet_tf.strategy import is_chief, make_strategy
strategy = make_strategy()
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.train import train
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
                cwd=Path(__file__).parents[1],
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


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_conv1_frozen_late_stands_still(precision):
    config = TINY_CONFIG.replace(freeze_conv1_after=1, epochs=2, bias_rate=2.0, precision=precision)
    weights = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights.append(self.model.get_weights())

    run(config.replace(weight_decay=1e-3), callbacks=[Watch()])

    moved = [not np.array_equal(before, after) for before, after in zip(*weights, strict=True)]
    assert moved == [False, False] + [True] * (len(moved) - 2), "kernel and bias of conv1 come first"


def test_a_run_resumed_while_conv1_is_frozen_has_the_same_numbers(tmp_path):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    config = TINY_CONFIG.replace(freeze_conv1_after=1, weight_decay=1e-3)
    whole_model, whole = run(config, strategy=strategy)

    with pytest.raises(KeyboardInterrupt):
        run(config, strategy=strategy, checkpoint=tmp_path / "state.npz", callbacks=[StopAfter(2)])
    model, resumed = run(config, strategy=strategy, checkpoint=tmp_path / "state.npz")

    assert metrics(resumed) == metrics(whole)
    np.testing.assert_array_equal(model.get_weights()[0], whole_model.get_weights()[0])
