import os
import socket
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.data.load import load_image_set
from alexnet_tf.runtime.errors import InputError
from tests.data.encoded import held

STORAGES = ("memory", "stream")


def fill(folder: Path, count: int = 3, seed: int = 0) -> None:
    """Writes pictures with different pixels for each folder and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng([seed, *os.fsencode(folder)])
    for i in range(count):
        Image.fromarray(draws.integers(0, 256, (6, 6, 3), np.uint8)).save(folder / f"{i}.png")


def build(root: Path, *folders: str) -> Path:
    for folder in folders:
        fill(root / folder)
    return root


def load(root: Path, storage: str = "memory"):
    return load_image_set(f"folder:{root}", storage=storage)


@pytest.mark.parametrize(
    ("train", "report", "split"),
    [
        ("train", "val", "validation"),
        ("Train", "Valid", "validation"),
        ("TRAINING", "validation", "validation"),
        ("training_set", "Test", "test"),
        ("train_images", "test", "test"),
        ("train", "dev", "validation"),
    ],
)
def test_splits_are_recognised_in_any_case(tmp_path, train, report, split):
    build(tmp_path, f"{train}/a", f"{train}/b", f"{report}/a", f"{report}/b")
    images = load(tmp_path)
    assert (images.class_names, images.report_split) == (("a", "b"), split)
    assert (len(images.train_labels), len(images.report_labels)) == (6, 6)
    assert images.quarantine == ()


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (["train/a", "train/b", "val"], ["class folders in val", "3 images", "valprep.sh"]),
        (["train/a", "train/b", "test/a", "test/b", "test"], ["class folders in test", "2 folders and 3"]),
        (["train", "test"], ["train (3 images)", "test (3 images)"]),
        (["val/a", "val/b", "test/a", "test/b"], ["expected", "train", "val (2 folders)"]),
        (["train/a", "train/b", "Train/a", "Train/b"], ["one train folder", "Train, train"]),
        (["train/a", "train/b", "val/a", "valid/b"], ["one validation folder", "val, valid"]),
        (["train/a", "train/b", "cat"], ["both", "train (2 folders)", "cat (3 images)"]),
        (["seg_train/a", "seg_train/b", "seg_test/a", "other/a"], ["seg_train", "seg_test", "rename"]),
        (["train2017/a", "train2017/b", "val2017/a", "val2017/b"], ["train2017", "val2017", "rename"]),
        (["trainval/a", "trainval/b", "test/a", "test/b"], ["trainval (2 folders)", "test", "rename"]),
        (["dev/a", "dev/b", "eval/a", "eval/b"], ["dev (2 folders)", "eval", "rename"]),
        (["cat", "dog", "test1"], ["test1 (3 images)", "named train"]),
        (["cat", "dog", "val"], ["val (3 images)", "named train"]),
        (["trainA", "trainB", "testA", "testB"], ["testA (3 images)", "trainB"]),
        (["cars_train", "cars_test"], ["cars_test (3 images)", "cars_train"]),
        (["cat/train", "cat/test", "dog/train"], ["cat/test, cat/train", "train/CLASS"]),
        (["train/cat/deep/train", "train/dog/test", "val/cat", "val/dog"], ["train/cat/deep/train"]),
        (["fold1/a", "fold1/b", "fold2/a", "fold2/b"], ["(a, b) in fold1, fold2", "named train"]),
        (["one/images/a", "one/images/b", "two/images/a", "two/images/b"], ["(images/a, images/b)"]),
        (["pets/a", "pets/b"], ["at least two class folders", "received pets", "/pets may be"]),
        (["."], ["received none and 3 images"]),
    ],
)
def test_unsupported_layouts_are_refused_and_their_folders_named(tmp_path, folders, words):
    with pytest.raises(InputError) as error:
        load(build(tmp_path, *folders))
    assert all(word in str(error.value) for word in words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (["train", "tram"], "train tram"),
        (["crash_test", "test_tube", "train_station"], "crash_test test_tube train_station"),
        (["train/test", "train/train", "train/val"], "test train val"),
        (["cat/test", "dog"], "cat dog"),
        (["toys/train", "transport/train"], "toys transport"),
        (["cat/images", "dog/images"], "cat dog"),
        (["cat", "cat/day", "cat/night", "dog/day", "dog/night"], "cat dog"),
        (["train/cat/day", "train/cat/night", "train/dog/day", "train/dog/night"], "cat dog"),
    ],
)
def test_unambiguous_class_folders_may_have_any_name(tmp_path, folders, classes):
    assert [*load(build(tmp_path, *folders)).class_names] == classes.split()


def test_every_unused_part_of_a_tree_is_named(tmp_path):
    build(tmp_path, *(f"{split}/{name}" for split in ("train", "val", "test") for name in "ab"), "extra")
    (tmp_path / "labels.csv").touch()
    (tmp_path / "train" / "readme.md").touch()
    images = load(tmp_path)
    assert images.report_split == "test"
    found = dict(images.quarantine)
    assert set(found) == {"labels.csv", "extra/", "val/", "train/readme.md"}
    assert "test is the report split (6 files)" in found["val/"]
    (line,) = images.opening("out/quarantine.csv")
    assert "12 images, 2 classes; 2 files and 2 folders not used" in line
    assert line.endswith(": out/quarantine.csv")


@pytest.mark.parametrize("storage", STORAGES)
def test_broken_links_loops_pipes_and_closed_folders_are_quarantined(tmp_path, storage, monkeypatch):
    root = build(tmp_path / "root", "a", "b/deep")
    (root / "linked").symlink_to(build(tmp_path / "elsewhere", "x"))
    (root / "gone").symlink_to(tmp_path / "nowhere")
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "a" / "dead.png").symlink_to(root / "nothing.png")
    (root / "a" / "itself").symlink_to("itself")
    (root / "a" / "linked.png").symlink_to(root / "b" / "deep" / "0.png")
    os.mkfifo(root / "b" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(root / "b")
        server.bind("socket")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    (root / "b" / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    images = load(root, storage)
    assert images.class_names == ("a", "b", "linked")
    assert len(images.train_labels) + len(images.report_labels) == 10
    found = dict(images.quarantine)
    assert set(found) == {
        "gone", "a/loop/", "a/dead.png", "a/itself", "b/pipe.png", "b/socket", "b/closed/",
    }  # fmt: skip
    assert "Permission denied" in found["b/closed/"]
    assert "linked folder" in found["a/loop/"]
    assert "a named pipe" in found["b/pipe.png"]
    assert images.remarks.duplicates == (("b/deep/0.png", "a/linked.png", "in two classes"),)


@pytest.mark.parametrize("folder", ["", "train"])
def test_a_closed_folder_is_refused_with_the_reason(tmp_path, monkeypatch, folder):
    build(tmp_path, "train/a", "train/b")
    scandir = os.scandir

    def refuse(path):
        if Path(path) == tmp_path / folder:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"a readable folder .*; received: .*Permission denied"):
        load(tmp_path)


def test_a_class_folder_changes_nothing_after_it_is_removed(tmp_path):
    root = build(tmp_path, "a", "c")
    before = load(root, "stream")
    (root / "b").mkdir()
    with pytest.raises(InputError, match="received none in b"):
        load(root, "stream")
    fill(root / "b")
    with_b = load(root, "stream")
    assert np.bincount(with_b.train_labels).tolist() == [2, 2, 2]
    for file in (root / "b").iterdir():
        file.unlink()
    (root / "b").rmdir()
    again = load(root, "stream")
    assert again.fingerprint == before.fingerprint
    assert np.bincount(again.train_labels).tolist() == [2, 2]


def test_a_cached_scan_is_not_used_after_the_labels_change(tmp_path):
    # The report files stay the same, but a new training class `b` changes the label of `c` from 1 to 2.
    root = build(tmp_path, "train/a", "train/c", "val/a", "val/c")
    assert load(root, "stream").report_labels.tolist() == [0, 0, 0, 1, 1, 1]
    fill(root / "train" / "b")
    assert load(root, "stream").report_labels.tolist() == [0, 0, 0, 2, 2, 2]


@pytest.mark.parametrize("storage", STORAGES)
def test_equal_pictures_in_two_splits_or_classes_are_reported(tmp_path, storage):
    root = build(tmp_path, "train/a", "train/b", "val/a", "val/b")
    picture = Image.open(root / "train" / "a" / "0.png")
    picture.save(root / "val" / "b" / "leak.bmp")
    picture.rotate(90).save(root / "train" / "b" / "turned.bmp")
    picture.save(root / "train" / "b" / "same.webp", lossless=True)
    images = load(root, storage)
    assert images.remarks.duplicates == (
        ("train/b/same.webp", "train/a/0.png", "in two classes"),
        ("val/b/leak.bmp", "train/a/0.png", "in train and validation"),
    )
    assert any("1 image is in train and validation" in line for line in images.opening())


@pytest.mark.parametrize("storage", STORAGES)
def test_class_names_that_differ_only_in_unicode_normalization_are_one_class(tmp_path, storage):
    composed, taken_apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    root = build(tmp_path, f"train/{composed}", "train/tea", f"val/{taken_apart}", "val/tea")
    images = load(root, storage)
    assert images.class_names == (composed, "tea")
    assert np.bincount(images.report_labels).tolist() == [3, 3]
    (note,) = images.remarks.notes
    assert "one class" in note

    fill(root / "train" / taken_apart)
    assert np.bincount(load(root, storage).train_labels).tolist() == [6, 3]
    assert len(load(root, storage).remarks.notes) == 1


@pytest.mark.parametrize("storage", STORAGES)
def test_photos_are_rotated_by_their_exif_orientation(tmp_path, storage):
    root = build(tmp_path, "a", "b")
    upright = Image.fromarray(np.arange(6 * 6 * 3, dtype=np.uint8).reshape(6, 6, 3))
    upright.transpose(Image.Transpose.ROTATE_90).save(root / "a" / "photo.png", exif=held(6))
    images = load_image_set(f"folder:{root}", storage=storage)
    if storage == "stream":
        found = [*images.read("train", np.arange(len(images.train_labels)))[0]]
        found += [*images.read("report", np.arange(len(images.report_labels)))[0]]
    else:
        found = [*images.train_images, *images.report_images]
    assert any(np.array_equal(image, np.asarray(upright)) for image in found)


def test_the_header_gives_the_size_of_a_rotated_photo(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(3):
            draws = np.random.default_rng([i, ord(name)])
            picture = Image.fromarray(draws.integers(0, 256, (6, 9, 3), np.uint8))
            picture.save(tmp_path / name / f"{i}.jpg", exif=held(8))
    assert load(tmp_path).image_shape == (9, 6, 3)
