from pathlib import Path

import keras
import numpy as np
import pytest

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.callbacks import KeptWeights, best_epoch
from alexnet_tf.training.history import History
from alexnet_tf.training.train import train
from tests.tiny import TINY_CONFIG, tiny_image_set

IMAGE_SET = tiny_image_set()
CONFIG = TINY_CONFIG.replace(epochs=3, holdout=True, watch="selection_loss")


class Killed(keras.callbacks.Callback):
    """Ends the process's part of a run after an epoch's files are written, before its checkpoint."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def run(folder: Path, *callbacks, config=CONFIG):
    data = DataPipelines(IMAGE_SET, config.data)
    kept = KeptWeights(folder, config.train, epochs=True, best=True)
    return train(config, data, checkpoint=folder / "state.npz", callbacks=[kept, *callbacks])


def weights_in(path: Path, model: keras.Model) -> list[np.ndarray]:
    copy = keras.models.clone_model(model)
    copy.load_weights(path)
    return copy.get_weights()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, *run(folder)


def test_every_epoch_and_the_best_are_kept(whole):
    folder, model, history = whole

    assert sorted(path.name for path in (folder / "epochs").iterdir()) == [
        "0001.weights.h5", "0002.weights.h5", "0003.weights.h5",
    ]  # fmt: skip
    last = weights_in(folder / "epochs" / "0003.weights.h5", model)
    for kept, trained in zip(last, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, trained)
    best = best_epoch(history.selection_losses)
    of_best = weights_in(folder / "epochs" / f"{best:04d}.weights.h5", model)
    for kept, expected in zip(weights_in(folder / "best.weights.h5", model), of_best, strict=True):
        np.testing.assert_array_equal(kept, expected)


def test_the_best_is_the_first_of_the_lowest(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    history = History()
    kept = KeptWeights(tmp_path, TrainConfig(watch="selection_error"), epochs=False, best=True)
    kept.set_model(model)
    kept.set_params({"history": history})

    for epoch, error in enumerate([0.5, 0.3, 0.3, 0.4], start=1):
        model.set_weights([np.full((1, 1), epoch)])
        history.selection_errors.append(error)
        kept.on_epoch_end(epoch - 1)

    assert weights_in(tmp_path / "best.weights.h5", model)[0].item() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["best.weights.h5"]


def test_a_killed_run_keeps_what_an_uninterrupted_one_does(whole, tmp_path):
    folder, model, _ = whole
    (tmp_path / "epochs").mkdir()
    (tmp_path / "epochs" / "0009.weights.h5").write_bytes(b"of an earlier run")

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Killed())
    run(tmp_path)

    names = {path.relative_to(folder) for path in folder.rglob("*.weights.h5")}
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*.weights.h5")} == names
    for name in names:
        for a, b in zip(weights_in(folder / name, model), weights_in(tmp_path / name, model), strict=True):
            np.testing.assert_array_equal(a, b)
