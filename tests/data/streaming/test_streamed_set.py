import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_tf.config.fields import Config, DataConfig
from alexnet_tf.data import batches
from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import load_image_set
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.streaming import image_pass, streamed_set
from alexnet_tf.data.streaming.encoded import ImageFiles
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError
from tests.data.encoded import encode
from tests.data.example_count import example_count
from tests.data.streaming.cached_tree import in_memory, stream

ALL = DataConfig(image_size=32, crop=24, flip=True, color_noise="code", input_scale="unit", holdout=True)


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng(seed)
    colors = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    return Image.fromarray(colors).resize(size, Image.Resampling.BICUBIC)


def fill(folder: Path, count: int, seed: int, vary: bool = True) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        size = (40 + i, 60 - i) if vary else (40, 30)
        picture(seed + i, size).save(folder / f"{i:02}.jpg", quality=90)


@pytest.fixture
def split_tree(tmp_path) -> Path:
    """Images of several sizes in train and val trees."""
    for i, name in enumerate(("ape", "bee", "cow")):
        fill(tmp_path / "tree" / "train" / name, 20, 100 * i)
        fill(tmp_path / "tree" / "val" / name, 3, 100 * i + 50)
    return tmp_path / "tree"


@pytest.fixture
def flat_tree(tmp_path) -> Path:
    """Images of one size without a report split, with unusual files as in ImageNet, and damaged files."""
    root = tmp_path / "flat"
    for i, name in enumerate(("ape", "bee")):
        fill(root / name, 15, 100 * i, vary=False)
    whole = encode(picture(900, (40, 30)), "JPEG")
    picture(901, (40, 30)).convert("CMYK").save(root / "ape" / "cmyk.JPEG", quality=95)
    picture(902, (40, 30)).save(root / "ape" / "png.JPEG", "PNG")
    picture(903, (40, 30)).convert("L").save(root / "bee" / "grey.JPEG")
    (root / "ape" / "cut.JPEG").write_bytes(whole[:-200])
    (root / "bee" / "notes.JPEG").write_text("not a picture")
    (root / "bee" / "empty.JPEG").touch()
    return root


def assert_same_set(memory: ImageSet, stream: StreamedSet) -> None:
    for split in ("train", "report"):
        images = getattr(memory, f"{split}_images")
        labels = getattr(memory, f"{split}_labels")
        np.testing.assert_array_equal(getattr(stream, f"{split}_labels"), labels)
        found, is_readable = stream.read(split, np.arange(len(labels)))
        assert is_readable.all()
        np.testing.assert_array_equal(found, images)
    for attribute in ("name", "slug", "classes", "class_names", "image_shape", "report_split", "quarantine"):
        assert getattr(stream, attribute) == getattr(memory, attribute)
    assert stream.fingerprint == memory.fingerprint
    np.testing.assert_array_equal(stream.selected, memory.selected)
    for holdout in (False, True):
        found, expected = stream.statistics(holdout), memory.statistics(holdout)
        np.testing.assert_array_equal(found.mean_image, expected.mean_image)
        assert found.stddev == expected.stddev
        np.testing.assert_array_equal(found.color_components("code"), expected.color_components("code"))


def assert_same_batches(memory: ImageSet, stream: StreamedSet, config: DataConfig) -> None:
    one, other = DataPipelines(memory, config), DataPipelines(stream, config)
    assert one.input_shape == other.input_shape
    for a, b in [
        (one.train(3, 2, 7), other.train(3, 2, 7)),
        (one.train_subset(8), other.train_subset(8)),
        (one.selection(8), other.selection(8)),
        (one.report(8, cropped=False), other.report(8, cropped=False)),
    ]:
        assert len(a) > 0
        for x, y in zip(a, b, strict=True):
            for part, counterpart in zip(x, y, strict=True):
                np.testing.assert_array_equal(part, counterpart)


def test_a_streamed_tree_with_splits_equals_the_set_in_memory(split_tree):
    memory, images = in_memory(split_tree), stream(split_tree)

    assert_same_set(memory, images)
    assert_same_batches(memory, images, ALL)
    config = Config(data=ALL)
    assert config.hash(images.fingerprint) == config.replace(storage="stream").hash(memory.fingerprint)


def test_a_streamed_tree_with_bad_files_equals_the_set_in_memory(flat_tree):
    memory, images = in_memory(flat_tree, None), stream(flat_tree, None)

    assert [path for path, _ in images.quarantine] == ["ape/cut.JPEG", "bee/empty.JPEG", "bee/notes.JPEG"]
    assert_same_set(memory, images)
    assert_same_batches(memory, images, DataConfig(crop=24, color_noise="paper", holdout=True))


def test_a_damaged_image_does_not_change_the_image_size_of_the_set(flat_tree):
    (flat_tree / "ape" / "large.JPEG").write_bytes(encode(picture(1, (640, 480)), "JPEG")[:-500])

    memory = in_memory(flat_tree, None)

    assert memory.image_shape == (30, 40, 3)
    assert_same_set(memory, stream(flat_tree, None))


def test_images_of_several_sizes_are_scaled_to_squares_of_256(split_tree):
    memory, images = in_memory(split_tree, None), stream(split_tree, None)

    assert images.image_shape == (256, 256, 3)
    assert images.fingerprint == memory.fingerprint
    np.testing.assert_array_equal(images.read("train", np.array([5]))[0], memory.train_images[5:6])
    assert images.dimensions["train"][:2].tolist() == [[60, 40], [59, 41]]


def test_the_fingerprint_does_not_depend_on_the_size_of_chunks(split_tree, monkeypatch, tmp_path):
    known = stream(split_tree)
    monkeypatch.setattr(image_pass, "CHUNK", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))

    assert stream(split_tree).fingerprint == known.fingerprint


def test_a_scan_is_kept_until_a_file_changes(split_tree, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    reads, scan = [], streamed_set.scan_images
    monkeypatch.setattr(streamed_set, "scan_images", lambda *given: reads.append(given) or scan(*given))

    first, again = stream(split_tree), stream(split_tree)
    assert len(reads) == 1
    assert_same_set(in_memory(split_tree), again)
    picture(7, (50, 50)).save(split_tree / "train" / "bee" / "04.jpg")
    changed = stream(split_tree)
    assert len(reads) == 2
    assert changed.fingerprint != first.fingerprint
    (kept,) = (tmp_path / "cache" / "alexnet_tf").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert stream(split_tree).fingerprint == changed.fingerprint
    assert len(reads) == 3


def test_a_file_that_could_not_be_read_is_read_by_the_next_load(split_tree, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    read = ImageFiles.read

    def fail(self, row):
        if row == 7:
            raise OSError(5, "Input/output error")
        return read(self, row)

    with monkeypatch.context() as patch:
        patch.setattr(ImageFiles, "read", fail)
        broken = stream(split_tree)
    assert broken.quarantine == (("train/ape/07.jpg", "cannot be read: Input/output error"),)
    assert len(broken.train_labels) == 59
    (note,) = capsys.readouterr().err.splitlines()
    assert note.endswith(" again: train/ape/07.jpg cannot be read: Input/output error")
    assert stream(split_tree).quarantine == ()
    assert capsys.readouterr().err == ""


def test_a_scan_that_cannot_be_cached_is_reported_and_used(split_tree, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert stream(split_tree).classes == 3
    assert "the next run will read" in capsys.readouterr().err


def images_and_labels(dataset) -> tuple[np.ndarray, np.ndarray]:
    batches = list(dataset)
    return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])


@pytest.mark.parametrize(("threads", "part"), [(1, 5), (3, 1), (3, 60)])
def test_batches_do_not_depend_on_threads_or_the_size_of_parts(split_tree, monkeypatch, threads, part):
    monkeypatch.setattr(batches.os, "cpu_count", lambda: threads)
    monkeypatch.setattr(batches, "PART_BYTES", part * 32 * 32 * 3)

    assert_same_batches(in_memory(split_tree), stream(split_tree), ALL)


def test_a_batch_is_read_in_parts_of_at_most_the_limit(split_tree, monkeypatch):
    images, parts, read = stream(split_tree), [], StreamedSet.read
    monkeypatch.setattr(batches, "PART_BYTES", 7 * 32 * 32 * 3)
    monkeypatch.setattr(StreamedSet, "read", lambda *given: parts.append(len(given[2])) or read(*given))

    assert len(list(DataPipelines(images, DataConfig(image_size=32)).train(0, 1, 16))) == 3
    assert max(parts) == 7
    assert sum(parts) == 48, "expected only the images of the three whole batches"


@pytest.mark.parametrize("damage", ["gone", "cut", "changed"])
def test_a_file_that_becomes_unreadable_during_a_run_is_skipped(split_tree, damage):
    images = stream(split_tree)
    data = DataPipelines(images, DataConfig(image_size=32, flip=True))
    before, labels = images_and_labels(data.train(0, 1, 10))
    for path in ("train/bee/03.jpg", "val/cow/01.jpg"):
        victim = split_tree / path
        content = victim.read_bytes()
        victim.unlink()
        if damage != "gone":
            place = len(content) // 2
            rest = bytes([content[place] ^ 1]) + content[place + 1 :] if damage == "changed" else b""
            victim.write_bytes(content[:place] + rest)

    after, new_labels = images_and_labels(data.train(0, 1, 10))

    # The images after the lost one move up by one, and the epoch's first image fills the last place.
    (lost,) = [i for i in range(59) if not np.array_equal(before[i], after[i])][:1]
    assert labels[lost] == 1
    np.testing.assert_array_equal(after[lost:-1], before[lost + 1 :])
    np.testing.assert_array_equal(after[-1], before[0])
    assert new_labels.tolist() == [*labels[:lost], *labels[lost + 1 :], labels[0]]
    assert example_count(data.report(4)) == 8
    assert example_count(data.train_subset(16)) == 59
    data.check_readable()
    assert [path for path, _ in images.quarantine] == ["train/bee/03.jpg", "val/cow/01.jpg"]
    for _, reason in images.quarantine:
        assert reason.startswith("lost after it was first read: ")


def test_a_disk_that_is_gone_ends_the_run_in_one_line(split_tree):
    data = DataPipelines(stream(split_tree), DataConfig(image_size=32))
    (split_tree / "train").rename(split_tree / "away")

    # The epoch is filled up with black images.
    assert len(images_and_labels(data.train(0, 1, 10))[0]) == 60
    with pytest.raises(InputError, match=r"received more than 10 unreadable files, the last train/") as error:
        data.check_readable()
    assert "\n" not in str(error.value)


def peak_memory(folder: Path, count: int) -> int:
    """Peak memory in bytes to load a streamed set of `count` images of 64 x 64 pixels and read one epoch."""
    for i in range(count):
        place = folder / str(i % 2)
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64), (i % 2, i // 2, 0)).save(place / f"{i}.png")
    tracemalloc.start()
    try:
        for _ in DataPipelines(stream(folder, 64), DataConfig(image_size=64)).train(0, 1, 4):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_by_less_than_a_tenth_of_the_pixels_of_more_images(tmp_path, monkeypatch):
    monkeypatch.setattr(image_pass, "CHUNK", 2)
    monkeypatch.setattr("alexnet_tf.data.pixel_statistics.VALUES_AT_A_TIME", 2**12)
    # The first epoch also takes memory that later ones do not.
    peak_memory(tmp_path / "first", 20)

    few, many = peak_memory(tmp_path / "few", 100), peak_memory(tmp_path / "many", 400)

    assert many - few < 0.1 * 300 * 64 * 64 * 3


def test_the_builtin_set_cannot_be_streamed():
    with pytest.raises(InputError, match="storage=stream: expected a folder or a TFDS set; received builtin"):
        load_image_set("builtin", storage="stream")
