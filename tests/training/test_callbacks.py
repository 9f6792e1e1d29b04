from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from alexnet_tf.config.fields import TrainConfig
from alexnet_tf.training.callbacks import HistoryFiles, KeptWeights, best_epoch, write_quarantine
from alexnet_tf.training.history import History
from tests.tables import read_rows
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import Interrupt, run

CONFIG = TINY_CONFIG.replace(epochs=3, holdout=True, watch="selection_loss")


def run_in(folder: Path, *callbacks):
    kept = KeptWeights(folder, CONFIG.train, epochs=True, best=True)
    return run(CONFIG, checkpoint=folder / "state.npz", callbacks=[kept, *callbacks])


def weights_in(path: Path, model: keras.Model) -> list[np.ndarray]:
    copy = keras.models.clone_model(model)
    copy.load_weights(path)
    return copy.get_weights()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, *run_in(folder)


def test_the_weights_of_every_epoch_and_of_the_best_epoch_are_kept(whole):
    folder, model, history = whole

    kept = sorted(path.name for path in (folder / "epochs").iterdir())
    assert kept == [f"000{epoch}.weights.h5" for epoch in (1, 2, 3)]
    last = weights_in(folder / "epochs" / "0003.weights.h5", model)
    keras.tree.map_structure(np.testing.assert_array_equal, last, model.get_weights())
    names = "best.weights.h5", f"epochs/{best_epoch(history.selection_losses):04d}.weights.h5"
    best = [weights_in(folder / name, model) for name in names]
    keras.tree.map_structure(np.testing.assert_array_equal, *best)


def test_of_equal_selection_errors_the_first_is_the_best(tmp_path):
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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", "best.weights.h5"]


class Killed(HistoryFiles):
    """Writes nothing at the end of training, as after SIGKILL."""

    def on_train_end(self, logs=None):
        pass


@pytest.mark.parametrize(
    ("files", "hook", "epochs"),
    [(HistoryFiles, "on_train_batch_begin", ["0", "1"]), (Killed, "on_epoch_end", ["0", "1", "2"])],
)
def test_a_resumed_run_writes_the_rows_and_weights_of_a_whole_one(whole, tmp_path, files, hook, epochs):
    folder, model, history = whole
    (tmp_path / "epochs").mkdir()
    (tmp_path / "epochs" / "0009.weights.h5").write_bytes(b"of an earlier run")

    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path, files(tmp_path), Interrupt(hook, 2))

    assert [row["epoch"] for row in read_rows(tmp_path / "curve.csv")] == epochs

    run_in(tmp_path, files(tmp_path))
    curve, selection = (read_rows(tmp_path / name) for name in ("curve.csv", "selection.csv"))
    assert [row["epoch"] for row in curve] == ["0", "1", "2", "3"]
    assert [float(row["train_loss"]) for row in curve] == [point["train_loss"] for point in history.curve]
    assert [row["epoch"] for row in selection] == ["1", "2", "3"]
    assert [float(row["selection_loss"]) for row in selection] == history.selection_losses
    names = {path.relative_to(folder) for path in folder.rglob("*.weights.h5")}
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*.weights.h5")} == names
    for name in names:
        weights = [weights_in(each / name, model) for each in (folder, tmp_path)]
        keras.tree.map_structure(np.testing.assert_array_equal, *weights)


def test_a_new_run_deletes_files_of_an_earlier_one_that_it_does_not_write(tmp_path):
    (tmp_path / "epochs").mkdir()
    for name in ("selection.csv", "gradient_norms.csv", "best.weights.h5", "epochs/0009.weights.h5"):
        (tmp_path / name).write_text("of a diverged run")
    config = TINY_CONFIG.replace(epochs=1)

    kept = KeptWeights(tmp_path, config.train, epochs=False, best=False)
    run(config, callbacks=[HistoryFiles(tmp_path), kept])

    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["curve.csv"]


@pytest.mark.parametrize("duplicates", [(("a/0.png", "b/1.png", "in two classes"),), ()])
def test_duplicates_csv_exists_only_if_the_data_have_duplicates(tmp_path, duplicates):
    (tmp_path / "duplicates.csv").write_text("of data that have been cleaned since")
    images = SimpleNamespace(quarantine=(), remarks=SimpleNamespace(duplicates=duplicates))

    write_quarantine(tmp_path / "quarantine.csv", SimpleNamespace(image_set=images))

    assert (tmp_path / "duplicates.csv").exists() == bool(duplicates)
    if duplicates:
        [row] = read_rows(tmp_path / "duplicates.csv")
        assert row == {"path": "a/0.png", "same_as": "b/1.png", "problem": "in two classes"}
