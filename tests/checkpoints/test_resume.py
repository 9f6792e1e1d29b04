import functools
import glob
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_tf.checkpoints.resume import checksum, remove_checkpoint, variable_values
from alexnet_tf.runtime.errors import InputError
from tests.tiny import TINY_CONFIG
from tests.tiny_runs import Interrupt, metrics, run

whole_run = functools.cache(run)


@pytest.mark.parametrize(
    ("finished", "changes", "replicas"),
    [
        # The default optimizer on one replica is tested in test_resume_in_epoch.py.
        (0, {"optimizer": "amsgrad"}, 1),
        (2, {"optimizer": "amsgrad"}, 1),
        pytest.param(2, {}, 2, marks=pytest.mark.slow),
        pytest.param(2, {"freeze_conv1_after": 1}, 2, marks=pytest.mark.slow),
    ],
)
def test_resumed_run_equals_an_uninterrupted_one(tmp_path, finished, changes, replicas):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]) if replicas == 2 else None
    config = TINY_CONFIG.replace(flip=True, pad=1, schedule="steps", drops=(2,), weight_decay=1e-3, **changes)
    whole_model, whole = whole_run(config, strategy=strategy)

    state, interrupt = tmp_path / "state.npz", Interrupt("on_epoch_begin", finished + 1)
    with pytest.raises(KeyboardInterrupt):
        run(config, strategy=strategy, checkpoint=state, callbacks=[interrupt])
    epochs = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    model, history = run(config, strategy=strategy, checkpoint=state, callbacks=[watch])

    assert epochs == list(range(finished, 3))
    assert metrics(history) == metrics(whole)
    keras.tree.map_structure(np.testing.assert_array_equal, *map(variable_values, (model, whole_model)))


ONE_EPOCH = TINY_CONFIG.replace(epochs=1)


@pytest.fixture(scope="module")
def once_finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    return folder, run(ONE_EPOCH, checkpoint=folder / "state.npz")[1]


@pytest.fixture
def finished(once_finished, tmp_path):
    return shutil.copytree(once_finished[0], tmp_path / "state") / "state.npz"


def test_a_finished_run_is_not_trained_further(once_finished, finished):
    content = finished.read_bytes()
    epochs = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    _, again = run(ONE_EPOCH, checkpoint=finished, callbacks=[watch])

    assert epochs == []
    assert again.curve == once_finished[1].curve
    assert finished.read_bytes() == content


def test_a_checkpoint_of_another_configuration_is_not_used(once_finished, finished):
    _, history = run(ONE_EPOCH.replace(learning_rate=0.02), checkpoint=finished)

    (untrained, one_epoch), (before, after) = (metrics(each) for each in (history, once_finished[1]))
    assert untrained[:-1] == before[:-1], "expected equal metrics before training, except for the rate"
    assert one_epoch != after


@pytest.mark.parametrize("damage", [b"", b"junk", None], ids=["empty", "junk", "halved"])
def test_a_run_whose_checkpoints_are_all_damaged_is_refused(finished, damage):
    files = sorted(map(str, finished.parent.glob("state.npz*")))
    for file in map(Path, files):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2] if damage is None else damage)

    with pytest.raises(InputError, match=r"whole checkpoint.*delete .* to start over") as error:
        run(ONE_EPOCH, checkpoint=finished)

    assert len(files) > 1
    [pattern] = re.findall("delete (.*) to start over", str(error.value))
    assert sorted(glob.glob(pattern)) == files


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("variable_0001", lambda array: None, "variables where .*--replicas"),
        ("variable_0001", lambda array: array[:-1], "variable 1 of shape"),
        ("variable_0000", lambda array: np.where(array == array.flat[0], np.nan, array), "not finite"),
        ("variable_0000", lambda array: np.zeros(2**27, np.uint8), "unpacks to"),
    ],
    ids=["lost", "cut", "broken", "bomb"],
)
def test_a_checkpoint_with_unusable_variables_is_refused(finished, name, change, words):
    with np.load(finished) as file:
        arrays = dict(file)
    changed = change(arrays.pop(name))
    remove_checkpoint(finished)
    np.savez_compressed(finished, **arrays, **({} if changed is None else {name: changed}))
    finished.write_bytes(finished.read_bytes() + checksum(finished.read_bytes()))

    with pytest.raises(InputError, match=words):
        run(ONE_EPOCH, checkpoint=finished)
