import functools
import gc
import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.layers import LocalResponseNormalization
from alexnet_tf.models import build_model
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.processor import warn_of_emulation
from alexnet_tf.training import network, session
from alexnet_tf.training.evaluate import Scores
from alexnet_tf.training.history import TrainingInterrupted
from alexnet_tf.training.network import check_run, compile_model
from alexnet_tf.training.progress import RunProgress
from alexnet_tf.training.train import train
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import IMAGE_SET, Interrupt, metrics, run


@pytest.fixture(scope="module")
def whole():
    return run()[1]


def test_a_net_learns_and_every_epoch_is_recorded(whole):
    assert (whole.status, whole.message) == ("done", "")
    assert [point["epoch"] for point in whole.curve] == [0, 1, 2, 3]
    assert whole.curve[0]["train_error"] > 0.6
    assert whole.curve[-1]["train_error"] < 0.3
    assert whole.curve[0]["images_per_second"] is None
    assert whole.curve[1]["images_per_second"] > 0
    assert whole.seconds > 0


def test_another_seed_gives_other_numbers(whole):
    assert metrics(run(TINY_CONFIG.replace(seed=1, epochs=1))[1]) != metrics(whole)[:2]


def test_a_finished_run_keeps_no_graph():
    def graphs():
        gc.collect()
        return sum(isinstance(kept, FuncGraph) and kept.name == "run_steps" for kept in gc.get_objects())

    before, during = graphs(), []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: during.append(graphs()))
    run(TINY_CONFIG.replace(epochs=1, lrn=True), callbacks=[watch])
    assert during[0] > before == graphs()


def test_a_layer_first_used_in_a_training_step_can_be_differentiated_later():
    layer = LocalResponseNormalization(alpha=0.123)  # a value of no other test

    def gradient(x, persistent):
        with tf.GradientTape(persistent) as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, x)

    @tf.function
    def step(x):
        with network._gradients_forgotten():
            return gradient(x, persistent=False)

    x = tf.random.stateless_normal([2, 3, 3, 8], seed=(0, 0))
    np.testing.assert_array_equal(step(x), tf.function(gradient)(x, persistent=True))


def test_divergence_is_recorded():
    _, history = run(TINY_CONFIG.replace(learning_rate=1e6, epochs=50))

    assert history.status == "diverged"
    assert history.message.startswith("loss is not finite in epoch")
    assert all(np.isfinite(point["train_loss"]) for point in history.curve)


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("on_train_batch_end", "loss is not finite after epoch 1"),
        ("on_epoch_end", "weights are not finite after epoch 1"),
    ],
)
def test_a_run_whose_weights_become_infinite_is_diverged(hook, message):
    def break_weights(_, logs):
        kernel = watch.model.trainable_variables[-2]
        kernel.assign(np.where(np.arange(kernel.shape[1]) == 1, np.inf, kernel.value.numpy()))

    watch = keras.callbacks.LambdaCallback(**{hook: break_weights})
    # The only step of the epoch has a finite loss.
    _, history = run(TINY_CONFIG.replace(epochs=1, batch_size=96), callbacks=[watch])

    assert (history.status, history.message) == ("diverged", message)
    assert len(history.curve) == (1 if hook == "on_train_batch_end" else 2)


def test_a_loss_that_is_never_finite_is_recorded_and_the_model_is_built_once(monkeypatch):
    built = []
    monkeypatch.setattr(network, "build_model", lambda *a: built.append(a) or build_model(*a))
    nothing = Scores(float("nan"), 1.0, 1.0, 96)
    monkeypatch.setattr(session, "make_evaluator", lambda *arguments: lambda _: nothing)
    _, history = run()

    assert (history.status, history.message) == ("diverged", "loss is not finite after epoch 0")
    assert [point["epoch"] for point in history.curve] == [0]
    assert len(built) == 1


@pytest.mark.slow
def test_the_number_of_steps_per_call_follows_the_time_limit_and_changes_no_result(monkeypatch):
    models, histories, last_steps = [], [], []
    for seconds in (1e9, 0.0):
        monkeypatch.setattr("alexnet_tf.training.session.SECONDS_PER_CALL", seconds)
        watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: last_steps.append(step))
        model, history = run(callbacks=[watch])
        models.append(model)
        histories.append(metrics(history))

    # Three epochs of six steps. With 1e9 seconds per call, each epoch has a call for its first step and one
    # for the other five; with 0 seconds, one call per step.
    assert last_steps == 3 * [0, 5] + 3 * [0, 1, 2, 3, 4, 5]
    assert histories[0] == histories[1]
    keras.tree.map_structure(np.testing.assert_array_equal, *(model.get_weights() for model in models))


def test_runs_of_one_network_are_checked_with_one_trial_build(monkeypatch):
    built = []
    model = build_model(TINY_CONFIG.model, (8, 8, 3), 6)
    monkeypatch.setattr(network, "build_model", lambda *a: built.append(a) or model)
    network._layer_names.cache_clear()
    for seed in range(3):
        config = TINY_CONFIG.replace(seed=seed)
        check_run(config, DataPipelines(IMAGE_SET, config.data), tf.distribute.get_strategy())

    assert len(built) == 1


FLAT = {"learning_rate": 0.0, "holdout": True, "epochs": 9}


@pytest.mark.parametrize(
    ("changes", "words", "last"),
    [
        ({"epochs": 30, "stop_train_error": 0.3, "stop_extra_epochs": 2}, "at or below the target 0.3", None),
        ({**FLAT, "early_stopping": 2}, "early stopping: 2 epochs without a lower selection_error", 3),
        ({**FLAT, "schedule": "plateau", "patience": 1, "max_drops": 1}, "plateau: 1 epochs", 3),
    ],
    ids=["target", "early stopping", "plateau"],
)
def test_a_run_says_why_it_ended(capsys, changes, words, last):
    config = TINY_CONFIG.replace(**changes)
    progress = RunProgress("tiny", 96, config.train)
    _, history = run(config, callbacks=[progress])

    assert history.status == "done"
    assert words in history.message
    log = capsys.readouterr().err
    assert "done after epoch" in log
    assert history.message in log
    reached = [point["epoch"] for point in history.curve if point["train_error"] <= 0.3]
    assert history.curve[-1]["epoch"] == (last or reached[0] + 2)
    assert len(history.selection_errors) == (last if config.data.holdout else 0)


def test_an_interrupted_run_says_so_and_keeps_its_state(whole, tmp_path, capsys):
    state, progress = tmp_path / "state.npz", RunProgress("tiny", 96, TINY_CONFIG.train)
    # Signals are tested in commands/test_train.py.
    with pytest.raises(TrainingInterrupted, match="interrupted by SIGINT in epoch 2") as caught:
        run(checkpoint=state, callbacks=[progress, Interrupt("on_train_batch_begin", 2)])

    history = caught.value.history
    assert (history.status, history.message) == ("interrupted", str(caught.value))
    assert [point["epoch"] for point in history.curve] == [0, 1]
    printed = capsys.readouterr().err
    assert f"tiny: {history.message}" in printed
    assert "failed" not in printed
    _, resumed = run(checkpoint=state, callbacks=[RunProgress("tiny", 96, TINY_CONFIG.train)])
    assert (resumed.status, resumed.message) == ("done", "")
    assert metrics(resumed) == metrics(whole)
    assert "done after epoch" not in capsys.readouterr().err


def test_a_second_signal_while_the_state_is_saved_has_no_effect(tmp_path, monkeypatch, request):
    # The default handler, because background jobs of a shell ignore SIGINT.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(functools.partial(signal.signal, signal.SIGINT, usual))
    save, state = session.save_checkpoint, tmp_path / "state.npz"

    def save_after_a_signal(path, model, config_hash, history, is_best):
        if history["unfinished"]:
            os.kill(os.getpid(), signal.SIGINT)
        save(path, model, config_hash, history, is_best)

    monkeypatch.setattr(session, "save_checkpoint", save_after_a_signal)
    with pytest.raises(TrainingInterrupted, match="in epoch 1") as stopped:
        run(checkpoint=state, callbacks=[Interrupt("on_train_batch_begin", 1)])

    assert (stopped.value.is_kept, stopped.value.history.status) == (True, "interrupted")


@pytest.mark.parametrize("has_it", [True, False])
def test_a_warning_is_printed_once_if_the_processor_has_no_bfloat16(monkeypatch, capsys, has_it):
    monkeypatch.setattr("alexnet_tf.training.network.has_bfloat16", lambda: has_it)
    warn_of_emulation.cache_clear()

    config = TINY_CONFIG.replace(precision="mixed_bfloat16")
    for _ in range(2):
        compile_model(config, DataPipelines(IMAGE_SET, config.data), tf.distribute.get_strategy())

    assert capsys.readouterr().err.count("many times slower than float32") == (0 if has_it else 1)


def test_search_never_evaluates_the_report_split():
    config = TINY_CONFIG.replace(holdout=True, epochs=1)
    data = DataPipelines(IMAGE_SET, config.data)

    def forbidden(batch_size):
        raise AssertionError("the report split was opened")

    data.report = forbidden
    _, history = train(config, data, report=False)

    assert [point["selection_error"] for point in history.curve[1:]] == history.selection_errors
    assert "test_error" not in history.curve[0]


def test_a_callback_may_set_the_learning_rate_and_stop_the_run():
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    stop = keras.callbacks.EarlyStopping(monitor="learning_rate", mode="max", patience=1)

    _, history = run(callbacks=[halve, stop])

    assert [point["learning_rate"] for point in history.curve[1:]] == pytest.approx([0.005, 0.0025])
    assert (history.status, history.message) == ("done", "stopped by a callback")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 97}, "at most the number of training images, 96; received 97"),
        ({"epochs": 0}, "epochs: expected a whole number >= 1"),
        ({"schedule": "plateau"}, "expected holdout=true"),
        ({"pooling": ("max",)}, "model: "),
        ({"lrn": True, "lrn_n": 0}, "model: n: expected a whole number"),
    ],
    ids=str,
)
def test_unsuitable_configs_are_refused_before_training(changes, words):
    with pytest.raises(InputError, match=words) as caught:
        run(TINY_CONFIG.replace(**changes))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"precision": "mixed_bfloat16", "lrn": True, "epochs": 6, "learning_rate": 0.03}, {"momentum": 0.8}),
        ({"optimizer": "amsgrad"}, {"beta_1": 0.8, "amsgrad": True, "epsilon": 1e-8}),
    ],
    ids=["momentum in bfloat16", "amsgrad"],
)
def test_a_net_learns_with_the_optimizer_of_its_config(changes, numbers):
    model, history = run(TINY_CONFIG.replace(momentum=0.8, weight_decay=1e-3, bias_rate=2.0, **changes))

    numbers = {"decay": 1e-3, "bias_rate": 2.0, **numbers}
    assert {name: getattr(model.optimizer, name) for name in numbers} == numbers
    assert history.curve[0]["train_error"] > 0.6
    assert history.curve[-1]["train_error"] < 0.3


@pytest.mark.parametrize("precision", [pytest.param("float32", marks=pytest.mark.slow), "mixed_float16"])
def test_conv1_does_not_change_once_it_is_frozen(precision):
    config = TINY_CONFIG.replace(freeze_conv1_after=1, epochs=2, bias_rate=2.0, precision=precision)
    weights = []

    def keep(epoch, logs):
        weights.append(watch.model.get_weights())

    watch = keras.callbacks.LambdaCallback(on_epoch_end=keep)
    run(config.replace(weight_decay=1e-3), callbacks=[watch])

    moved = [not np.array_equal(before, after) for before, after in zip(*weights, strict=True)]
    # The first two arrays are the kernel and the bias of conv1.
    assert moved == [False, False] + [True] * (len(moved) - 2)


def test_an_interruption_tells_whether_a_checkpoint_is_kept(tmp_path, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    for name, is_kept, place in (("evaluate", False, "in epoch 0"), ("goes_on", True, "after epoch 0")):
        monkeypatch.setattr(session.Session, name, stop)
        with pytest.raises(TrainingInterrupted, match=f"interrupted by SIGINT {place}") as stopped:
            run(checkpoint=tmp_path / "state.npz")
        assert stopped.value.is_kept is (tmp_path / "state.npz").exists() is is_kept
        monkeypatch.undo()
