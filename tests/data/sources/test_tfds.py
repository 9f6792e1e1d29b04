import json
import os
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import DataAccess, load_image_set, resolve_auto
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import MAX_TEXT
from tests.data.sources.tfds_sets import load, record_file, write_set


def test_a_set_for_which_tfds_has_no_code_is_loaded_from_disk(tmp_path, capfd):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    capfd.readouterr()
    pets = load(tmp_path, "tiny_pets")
    assert pets.class_names == ("cat", "dog")
    assert pets.train_images.shape == (6, 8, 8, 3)
    assert pets.report_images.shape == (4, 8, 8, 3)
    assert pets.report_split == "test"
    np.testing.assert_array_equal(pets.train_labels, [0, 1] * 3)
    out, err = capfd.readouterr()
    assert "WARNING:absl" not in out + err
    assert "%|" not in out + err, "expected no progress bar"


def test_the_newest_version_is_loaded_unless_one_is_named(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 2, "test": 2}, version="1.0.0")
    write_set(tmp_path, "tiny_pets", {"train": 4, "test": 2}, version="1.10.0")
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 2}, version="1.9.0")
    assert len(load(tmp_path, "tiny_pets").train_images) == 4
    assert len(load(tmp_path, "tiny_pets:1.0.0").train_images) == 2
    with pytest.raises(InputError, match=r"received 'tiny_pets:2.0.0'; close to it: tiny_pets \(on disk\)"):
        load(tmp_path, "tiny_pets:2.0.0")


def test_image_size_scales_grey_images_of_one_size(tmp_path):
    write_set(tmp_path, "grey", {"train": 4, "test": 2}, shape=(8, 8, 1))
    native = load(tmp_path, "grey")
    scaled = load(tmp_path, "grey", image_size=4)
    assert native.image_shape == (8, 8, 1)
    assert scaled.image_shape == (4, 4, 1)
    assert abs(native.train_images.mean() - scaled.train_images.mean()) < 8
    same = load(tmp_path, "grey", image_size=8)
    assert same.fingerprint == native.fingerprint


def test_validation_is_the_report_split_if_the_test_split_has_no_labels(tmp_path):
    write_set(tmp_path, "contest", {"train": 4, "test": 2, "validation": 3}, unlabelled="test")
    contest = load(tmp_path, "contest")
    assert (contest.report_split, len(contest.report_images)) == ("validation", 3)


def test_without_a_report_split_a_fifth_is_held_out(tmp_path):
    write_set(tmp_path, "only_train", {"train": 20})
    pets = load(tmp_path, "only_train")
    assert pets.report_split == "held-out"
    assert np.bincount(pets.report_labels).tolist() == [2, 2]
    assert np.bincount(pets.train_labels).tolist() == [8, 8]


def test_a_set_needs_a_train_split_and_one_image_and_one_label_per_example(tmp_path):
    import tensorflow_datasets as tfds

    numbers = tfds.features.Tensor(shape=(8, 8, 3), dtype=np.uint8)
    for name, split, options, words in [
        ("two_labels", "train", {"labels": ("coarse", "fine")}, "one image and one class label per example"),
        ("no_train", "test", {}, "expected a split named train; received test"),
        ("numbers", "train", {"image_type": numbers}, "received features"),
    ]:
        write_set(tmp_path, name, {split: 2}, **options)
        with pytest.raises(InputError, match=words):
            load(tmp_path, name)


def test_a_set_that_exceeds_the_memory_is_streamed(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    size = 10 * 8 * 8 * 3
    assert isinstance(load(tmp_path, "tiny_pets", max_bytes=size), ImageSet)
    assert isinstance(load(tmp_path, "tiny_pets", max_bytes=size - 1), StreamedSet)


def test_a_missing_set_is_fetched_once(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    class Builder:
        def __init__(self, name: str, data_dir: str):
            self.arguments = Path(data_dir), name

        def download_and_prepare(self) -> None:
            write_set(*self.arguments, {"train": 4, "test": 2})

    monkeypatch.setattr("alexnet_tf.data.sources.tfds_fetch.any_host_answers", lambda urls: True)
    monkeypatch.setattr(tfds, "builder", Builder)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "made" / "by_tfds"))
    assert len(load_image_set("mnist").train_images) == 4
    monkeypatch.setattr("alexnet_tf.data.sources.tfds_fetch.any_host_answers", pytest.fail)
    assert len(load_image_set("mnist").train_images) == 4


MARK = "import pathlib\npathlib.Path(__file__).with_name('imported').touch()\n"


@pytest.mark.parametrize("key", ["pythonClassName", "python_class_name", "type", "json"])
def test_a_module_named_in_a_features_file_is_not_imported(tmp_path, monkeypatch, key):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    (tmp_path / "of_a_stranger.py").write_text(MARK)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "tiny_pets" / "1.0.0" / "features.json"
    features, name = json.loads(path.read_text()), "of_a_stranger.Image"
    stranger = {"type": name, "content": {}} if key in ("type", "json") else {key: name, "image": {}}
    if key == "type":
        features = stranger
    elif key == "json":
        class_name = {"pythonClassName": features["pythonClassName"]}
        features = {**class_name, "jsonFeature": {"json": json.dumps({"image": stranger})}}
    else:
        features["featuresDict"]["features"]["image"] = stranger
    path.write_text(json.dumps(features))

    with pytest.raises(InputError, match="names of_a_stranger"):
        load(tmp_path, "tiny_pets")

    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize("storage", ["memory", "stream"])
@pytest.mark.parametrize(
    "name", ["dataset_info.json", "features.json", "label.labels.txt", "../.config/metadata.json"]
)
def test_texts_that_are_too_large_or_pipes_are_refused(tmp_path, name, storage):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    path = tmp_path / "tiny_pets" / "1.0.0" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.truncate(path, MAX_TEXT + 1)
    with pytest.raises(InputError, match="16,777,217 bytes"):
        load(tmp_path, "tiny_pets", storage=storage)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="a named pipe"):
        load(tmp_path, "tiny_pets", storage=storage)


@pytest.mark.parametrize("storage", ["memory", "stream"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_pipe_instead_of_records_is_refused(tmp_path, split, storage):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    path = record_file(tmp_path, split=split)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="a named pipe"):
        load(tmp_path, "tiny_pets", storage=storage)


def test_resolve_auto_returns_the_named_set_if_it_is_on_disk_else_builtin(tmp_path, monkeypatch):
    monkeypatch.setattr("alexnet_tf.data.sources.tfds_fetch.any_host_answers", pytest.fail)
    assert resolve_auto("cifar10", str(tmp_path)) == "builtin"
    write_set(tmp_path, "tiny_pets", {"train": 2, "test": 2})
    assert resolve_auto("tiny_pets", str(tmp_path)) == "tiny_pets"
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert resolve_auto("tiny_pets", None) == "tiny_pets"
    assert resolve_auto("builtin", None) == "builtin"
    with pytest.raises(InputError, match=r"expected an existing directory; received '.*absent'"):
        resolve_auto("tiny_pets", str(tmp_path / "absent"))


# The copy of CIFAR-10 in ../shared/datasets was re-encoded as JPEG, so its pixels differ from the original.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "train", "report", "shape", "split", "labels", "fingerprint"),
    [
        ("cifar10", 50_000, 10_000, (32, 32, 3), "test", 10, "a97172261fa282d7"),
        ("fashion_mnist", 60_000, 10_000, (28, 28, 1), "test", 10, "6009946e288c"),
        ("tiny_imagenet100", 50_000, 5_000, (64, 64, 3), "validation", 100, "de4cc679e98c"),
    ],
)
def test_the_real_sets_have_the_known_sizes_and_fingerprints(
    shared_datasets, name, train, report, shape, split, labels, fingerprint
):
    images = load_image_set(name, DataAccess(str(shared_datasets), download=False))
    assert images.train_images.shape == (train, *shape)
    assert images.report_images.shape == (report, *shape)
    assert (images.report_split, images.classes, images.slug) == (split, labels, name)
    assert set(np.bincount(images.train_labels)) == {train // labels}
    assert set(np.bincount(images.report_labels)) == {report // labels}
    assert images.fingerprint.startswith(fingerprint)
