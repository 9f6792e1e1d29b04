import contextlib
import dataclasses
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from alexnet_tf.checkpoints.resume import has_checkpoint, remove_checkpoint, variable_values
from alexnet_tf.config.models import MnistCnnConfig
from alexnet_tf.data import pipeline
from alexnet_tf.runtime.interval import CheckpointInterval
from alexnet_tf.training.callbacks import GradientNorms
from alexnet_tf.training.session import Session
from alexnet_tf.training.train import train
from tests.colored_images import lose_content
from tests.tiny import TINY_CONFIG, tiny_image_set
from tests.tiny_runs import metrics

EVERY = CheckpointInterval(steps=2)
# An epoch has six steps.
CONFIG = TINY_CONFIG.replace(flip=True, gaussian_noise=2.0, epochs=2)
CONFIG = dataclasses.replace(CONFIG, model=MnistCnnConfig(dropout=0.5))


class StopAt(keras.callbacks.Callback):
    """Raises `error` before the first training call at or after (epoch, step).

    A call trains several steps; `steps` lists the (epoch, first step) of each call.
    """

    def __init__(self, epoch: int = 0, step: int = 0, error: BaseException | None = None):
        super().__init__()
        self._place, self._error, self.steps = (epoch, step), error, []

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        self.steps.append((self._epoch, batch))
        if self._error and (self._epoch, batch) >= self._place:
            raise self._error


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    image_set = tiny_image_set()
    root = tmp_path_factory.mktemp("tree")
    for split, images, labels in (
        ("train", image_set.train_images, image_set.train_labels),
        ("val", image_set.report_images, image_set.report_labels),
    ):
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = root / split / image_set.class_names[label] / f"{i:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return root


def run(tree, kind, tmp_path, strategy=None, checkpoint=None, callbacks=(), every=EVERY):
    config = CONFIG.replace(dataset=f"folder:{tree}", storage="memory" if kind == "memory" else "stream")
    pipeline._load_once.cache_clear()  # as in a new process
    data = pipeline.open_data(config.data)
    data = data.cached(tmp_path / "cache") if kind == "cache" else data
    strategy = strategy or tf.distribute.get_strategy()
    norms = GradientNorms(strategy)
    halving = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    return train(config, data, strategy, checkpoint, [norms, halving, *callbacks], checkpoint_every=every)


SLOW = pytest.mark.slow
CASES = [
    ("memory", 1, KeyboardInterrupt()),
    pytest.param("memory", 1, OSError("a kill"), marks=SLOW),
    pytest.param("stream", 1, KeyboardInterrupt(), marks=SLOW),
    pytest.param("cache", 1, OSError("a kill"), marks=SLOW),
    pytest.param("memory", 2, KeyboardInterrupt(), marks=SLOW),
    pytest.param("stream", 2, OSError("a kill"), marks=SLOW),
]


@pytest.mark.parametrize(("kind", "replicas", "error"), CASES)
def test_a_run_resumes_within_an_epoch(tree, tmp_path, kind, replicas, error):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]) if replicas == 2 else None
    whole_model, whole = run(tree, kind, tmp_path, strategy)
    state = tmp_path / "state.npz"
    stop, again = StopAt(2, 3, error), StopAt()
    with pytest.raises(type(error)):
        run(tree, kind, tmp_path, strategy, state, [stop])
    model, history = run(tree, kind, tmp_path, strategy, state, [again])

    stopped_at = stop.steps[-1][1]
    # Ctrl-C saves the current state. A kill leaves the last checkpoint; one is saved every two steps.
    assert again.steps[0] == (2, stopped_at if isinstance(error, KeyboardInterrupt) else stopped_at // 2 * 2)
    assert metrics(history) == metrics(whole)
    assert history.gradient_norms == whole.gradient_norms
    keras.tree.map_structure(np.testing.assert_array_equal, *map(variable_values, (model, whole_model)))
    remove_checkpoint(state)
    assert not has_checkpoint(state)


@pytest.mark.slow
def test_a_run_stopped_during_evaluation_repeats_no_step(tree, tmp_path, monkeypatch):
    whole_model, whole = run(tree, "memory", tmp_path)
    state, again = tmp_path / "state.npz", StopAt()
    with monkeypatch.context() as patch:
        real, evaluated = Session.evaluate, []

        def stop_after_an_epoch(session):
            evaluated.append(True)
            if len(evaluated) == 2:
                raise KeyboardInterrupt
            return real(session)

        patch.setattr(Session, "evaluate", stop_after_an_epoch)
        with pytest.raises(KeyboardInterrupt):
            run(tree, "memory", tmp_path, None, state)
    model, history = run(tree, "memory", tmp_path, None, state, [again])

    assert again.steps[0] == (2, 0)
    assert metrics(history) == metrics(whole)
    keras.tree.map_structure(np.testing.assert_array_equal, *map(variable_values, (model, whole_model)))


@pytest.mark.slow
def test_a_run_resumes_with_the_same_numbers_after_images_became_unreadable(tree, tmp_path):
    curves = []
    for name, errors in (("whole", [None]), ("interrupted", [KeyboardInterrupt(), None])):
        root = shutil.copytree(tree, tmp_path / name / "tree")
        config = CONFIG.replace(dataset=f"folder:{root}", storage="stream")
        state = tmp_path / name / "state.npz"
        for error in errors:
            pipeline._load_once.cache_clear()  # as in a new process
            data, stop = pipeline.open_data(config.data), StopAt(1, 4, error)
            for path in sorted((root / "train" / "a").iterdir())[:3]:
                lose_content(path)
            with pytest.raises(KeyboardInterrupt) if error else contextlib.nullcontext():
                _, history = train(config, data, None, state, [stop], checkpoint_every=EVERY)
            assert len(data.image_set.lost_indices()) > 0
        curves.append(metrics(history))

    assert curves[0] == curves[1]


@pytest.fixture(scope="module")
def killed(tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    with pytest.raises(OSError, match="a kill"):
        run(tree, "memory", folder, None, folder / "state.npz", [StopAt(2, 4, OSError("a kill"))])
    return folder


# `killed` has three checkpoints: the newest, after four steps of epoch 2; the previous one, after two steps;
# and the best one, after epoch 1. The test damages the first `damaged` of them.
@pytest.mark.parametrize(("damaged", "first_step"), [(1, 2), (2, 0)])
def test_damaged_checkpoints_are_skipped(tree, killed, tmp_path, capsys, damaged, first_step):
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    files = [tmp_path / f"state.npz{end}" for end in ("", ".previous", ".best")]
    for path in files[:damaged]:
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 4
        path.write_bytes(content)

    again = StopAt(2, 0, ZeroDivisionError())
    capsys.readouterr()
    with pytest.raises(ZeroDivisionError):
        run(tree, "memory", tmp_path, None, files[0], [again])
    assert again.steps == [(2, first_step)]
    assert f"resuming from {files[damaged]}" in capsys.readouterr().err
