import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import load_image_set
from alexnet_tf.data.streaming import storage
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError
from tests.data.encoded import encode


def picture(seed: int, size: tuple[int, int] = (10, 10)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3))
    return Image.fromarray(pixels.astype(np.uint8))


def fill(folder: Path, count: int, seed: int = 0, size: tuple[int, int] = (10, 10)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        picture(seed + i, size).save(folder / f"{i:03}.png")


def load(path: Path, **options: Any):
    return load_image_set(f"folder:{path}", **options)


def failure(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as error:
        load(path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def pets(tmp_path) -> Path:
    """20 images of the class cat and 10 of the class dog, of 10x10 pixels."""
    root = tmp_path / "pets"
    fill(root / "dog", 10, seed=100)
    fill(root / "cat", 20)
    return root


def test_a_fifth_of_each_class_is_held_out(pets):
    images = load(pets)
    assert images.class_names == ("cat", "dog")
    assert (images.name, images.slug) == (f"folder:{pets}", "folder-pets")
    assert (images.report_split, images.image_shape) == ("held-out", (10, 10, 3))
    assert np.bincount(images.train_labels).tolist() == [16, 8]
    assert np.bincount(images.report_labels).tolist() == [4, 2]
    train, report = ({i.tobytes() for i in split} for split in (images.train_images, images.report_images))
    assert not train & report
    assert len(train | report) == 30
    assert load(pets).fingerprint == images.fingerprint


def test_labels_belong_to_their_images(pets):
    images = load(pets)
    for label, (seed, count) in enumerate([(0, 20), (100, 10)]):
        found = [*images.train_images[images.train_labels == label]]
        found += [*images.report_images[images.report_labels == label]]
        expected = {np.asarray(picture(seed + i)).tobytes() for i in range(count)}
        assert {image.tobytes() for image in found} == expected


def test_a_val_tree_is_the_report_split(tmp_path):
    fill(tmp_path / "train" / "cat", 3)
    fill(tmp_path / "train" / "dog", 4, seed=10)
    fill(tmp_path / "val" / "dog", 2, seed=20)
    images = load(tmp_path)
    assert images.report_split == "validation"
    assert images.train_labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert images.report_labels.tolist() == [1, 1]
    np.testing.assert_array_equal(images.report_images[1], np.asarray(picture(21)))


def test_without_a_report_tree_the_train_tree_is_split(tmp_path):
    fill(tmp_path / "train" / "cat", 5)
    fill(tmp_path / "train" / "dog", 5, seed=10)
    fill(tmp_path / "test", 3)  # unlabelled, as in a competition
    images = load(tmp_path)
    assert images.report_split == "held-out"
    assert np.bincount(images.report_labels).tolist() == [1, 1]


def test_files_in_subfolders_of_a_class_are_used_and_hidden_files_are_not(pets):
    fill(pets / "cat" / "images", 2, seed=500)
    (pets / "cat" / ".DS_Store").write_bytes(b"junk")
    (pets / ".cache").mkdir()
    fill(pets / "cat" / "@eaDir", 1, seed=700)
    images = load(pets)
    assert len(images.train_images) + len(images.report_images) == 32
    assert images.quarantine == (
        (".cache/", "hidden folder"),
        ("cat/.DS_Store", "hidden file"),
        ("cat/@eaDir/", "hidden folder"),
    )


def test_images_of_every_kind_are_read_and_other_files_are_quarantined(pets):
    cat = pets / "cat"
    picture(900).convert("CMYK").save(cat / "cmyk.jpg")
    picture(901).save(cat / "a_png.JPEG", "PNG")
    picture(902).convert("L").save(cat / "grey.png")
    picture(903, (1, 200)).save(cat / "thin.png")
    (cat / "truncated.jpg").write_bytes(encode(picture(904, (64, 64)), "JPEG")[:-500])
    (cat / "empty.jpg").touch()
    (pets / "dog" / "notes.txt").write_text("a dog")
    images = load(pets)
    paths, (empty, truncated, text) = zip(*images.quarantine, strict=True)
    assert paths == ("cat/empty.jpg", "cat/truncated.jpg", "dog/notes.txt")
    assert (empty, text[:31]) == ("empty file", "not a JPEG, PNG, BMP, GIF, WEBP")
    assert truncated.startswith("damaged JPEG: image file is truncated")
    assert images.image_shape == (256, 256, 3), "expected squares of 256, as sizes vary"
    # The 30 images of `pets` and the four readable images added above.
    assert len(images.train_images) + len(images.report_images) == 34


def test_a_common_size_is_kept_even_if_it_is_not_square(tmp_path):
    fill(tmp_path / "cat", 5, size=(12, 7))
    fill(tmp_path / "dog", 5, seed=10, size=(12, 7))
    assert load(tmp_path).image_shape == (7, 12, 3)
    assert load(tmp_path, image_size=5).image_shape == (5, 5, 3)


def test_a_set_that_exceeds_the_memory_is_streamed(pets, monkeypatch):
    assert isinstance(load(pets, max_bytes=30 * 300), ImageSet)
    assert isinstance(load(pets, max_bytes=30 * 300 - 1), StreamedSet)
    monkeypatch.setattr(storage, "physical_memory", lambda: 2 * (30 * 300 - 1))
    assert isinstance(load(pets), StreamedSet)
    message = failure(pets, storage="memory")
    assert "received 30 images of 10x10" in message
    assert "storage=stream" in message


def test_trees_without_readable_images_of_two_classes_are_refused(tmp_path, pets):
    assert "received no such path" in failure(tmp_path / "absent")
    with pytest.raises(InputError, match="received no path"):
        load_image_set("folder:")
    with pytest.raises(InputError, match="image_size: expected at least 1 pixel; received 0"):
        load(pets, image_size=0)
    (tmp_path / "file").write_text("text")
    assert "received a file" in failure(tmp_path / "file")
    (tmp_path / "none").mkdir()
    assert "at least two class folders in" in failure(tmp_path / "none")
    assert "received none" in failure(tmp_path / "none")
    fill(tmp_path / "one" / "cat", 3)
    assert "at least two class folders" in failure(tmp_path / "one")
    assert "received cat" in failure(tmp_path / "one")

    (pets / ".DS_Store").touch()
    (pets / "bird").mkdir()
    assert failure(pets).endswith("received none in bird")
    (pets / "cat" / "notes.txt").write_text("a cat")
    (pets / "bird" / "song.txt").write_text("tweet")
    message = failure(pets)
    assert "received none in bird (first: bird/song.txt, not a JPEG" in message

    for class_name in ("cat", "dog"):
        (tmp_path / "texts" / class_name).mkdir(parents=True)
        (tmp_path / "texts" / class_name / "a.jpg").write_text("text")
    for options in ({}, {"method": "bilinear"}, {"method": "bilinear", "storage": "stream"}):
        assert "none of them readable (first: cat/a.jpg" in failure(tmp_path / "texts", **options)


@pytest.mark.parametrize("name", [b"b\xff", b"b\nc"])
def test_class_folders_with_unprintable_names_are_refused(tmp_path, name):
    fill(tmp_path / "a", 2)
    fill(tmp_path / os.fsdecode(name), 2)

    assert "printable characters of UTF-8" in failure(tmp_path)


def test_a_report_tree_without_images_or_with_another_class_is_refused(tmp_path):
    root = tmp_path / "split"
    fill(root / "train" / "cat", 2)
    fill(root / "train" / "dog", 2, seed=10)
    (root / "val" / "cat").mkdir(parents=True)
    assert f"expected a readable image in {root / 'val'}; received none" in failure(root)
    fill(root / "val" / "bird", 2, seed=20)
    assert "to be in" in failure(root)
    assert "received bird only in" in failure(root)


def test_classes_of_one_image_each_are_refused_as_none_can_be_held_out(tmp_path):
    fill(tmp_path / "cat", 1)
    fill(tmp_path / "dog", 1, seed=10)
    assert "expected a class of two or more different images" in failure(tmp_path)


def test_imagenet_mini16_is_loaded(shared_datasets):
    images = load(shared_datasets / "imagenet_mini16")
    assert (images.classes, images.image_shape, images.quarantine) == (16, (64, 64, 3), ())
    assert set(np.bincount(images.train_labels)) == {26}
    assert set(np.bincount(images.report_labels)) == {6}


def test_full_size_images_of_imagenet_are_loaded(shared_datasets, tmp_path):
    files = sorted((shared_datasets / "imagenet_samples").iterdir())
    for i, file in enumerate(files):
        folder = tmp_path / f"class{i % 2}"
        folder.mkdir(exist_ok=True)
        (folder / file.name).symlink_to(file)
    images = load(tmp_path, image_size=64)
    assert images.quarantine == ()
    assert len(images.train_images) + len(images.report_images) == len(files) == 58
