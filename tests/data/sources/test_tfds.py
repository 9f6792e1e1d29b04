"""TFDS sets: small ones written here, and the real ones where they are on disk."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import DataAccess, load_image_set, resolve_auto
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.data.streaming.tfds_records import record_checksum
from alexnet_tf.runtime.errors import InputError


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path_factory, monkeypatch):
    """TFDS leaves an empty temporary directory for each set it prepares."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("tfds")))


def write_set(
    data_dir: Path,
    name: str,
    splits: dict[str, int],
    shape: tuple[int | None, int | None, int] = (8, 8, 3),
    version: str = "1.0.0",
    labels: tuple[str, ...] = ("label",),
    unlabelled: str = "",
    image_type: Any = None,
) -> None:
    """Prepares a set of random images, `splits[name]` of them, with labels 0, 1, 0, 1 ... (or -1)."""
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    rng = np.random.default_rng(0)

    def examples(split: str, count: int) -> list[tuple[int, dict[str, Any]]]:
        def example(i: int) -> dict[str, Any]:
            size = (shape[0] or 20 + i, shape[1] or 40 - i, shape[2])
            label = -1 if split == unlabelled else i % 2
            image = rng.integers(0, 256, size).astype(np.uint8)
            return {"image": image, **dict.fromkeys(labels, label)}

        return [(i, example(i)) for i in range(count)]

    features = {key: tfds.features.ClassLabel(names=["cat", "dog"]) for key in labels}
    features["image"] = image_type or tfds.features.Image(shape=shape, encoding_format="png")
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        features=tfds.features.FeaturesDict(features),
        split_datasets={split: examples(split, count) for split, count in splits.items()},
        data_dir=data_dir,
        disable_shuffling=True,
    )


def load(data_dir: Path, name: str, **options: Any) -> ImageSet | StreamedSet:
    return load_image_set(name, DataAccess(str(data_dir)), **options)


def both_storages(data_dir: Path, name: str, image_size: int | None) -> tuple[ImageSet, StreamedSet]:
    return tuple(load(data_dir, name, image_size=image_size, storage=kind) for kind in ("memory", "stream"))


def test_set_that_tfds_has_no_code_for(tmp_path, capfd):
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
    assert "%|" not in out + err, "a progress bar"


def test_newest_version_unless_one_is_named(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 2, "test": 2}, version="1.0.0")
    write_set(tmp_path, "tiny_pets", {"train": 4, "test": 2}, version="1.10.0")
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 2}, version="1.9.0")
    assert len(load(tmp_path, "tiny_pets").train_images) == 4
    assert len(load(tmp_path, "tiny_pets:1.0.0").train_images) == 2
    with pytest.raises(InputError, match=r"received 'tiny_pets:2.0.0'; close to it: tiny_pets \(on disk\)"):
        load(tmp_path, "tiny_pets:2.0.0")


def test_images_that_vary_become_central_squares(tmp_path):
    write_set(tmp_path, "varied", {"train": 6, "test": 2}, shape=(None, None, 3))
    assert load(tmp_path, "varied").image_shape == (256, 256, 3)
    small = load(tmp_path, "varied", image_size=16)
    assert small.train_images.shape == (6, 16, 16, 3)
    np.testing.assert_array_equal(small.train_labels, [0, 1] * 3)


def test_image_size_scales_grey_images_of_one_size(tmp_path):
    write_set(tmp_path, "grey", {"train": 4, "test": 2}, shape=(8, 8, 1))
    native = load(tmp_path, "grey")
    scaled = load(tmp_path, "grey", image_size=4)
    assert native.image_shape == (8, 8, 1)
    assert scaled.image_shape == (4, 4, 1)
    assert abs(native.train_images.mean() - scaled.train_images.mean()) < 8
    same = load(tmp_path, "grey", image_size=8)
    assert same.fingerprint == native.fingerprint


def test_validation_split_where_the_test_split_has_no_labels(tmp_path):
    write_set(tmp_path, "contest", {"train": 4, "test": 2, "validation": 3}, unlabelled="test")
    contest = load(tmp_path, "contest")
    assert (contest.report_split, len(contest.report_images)) == ("validation", 3)


def test_without_a_report_split_a_fifth_is_held_out(tmp_path):
    write_set(tmp_path, "only_train", {"train": 20})
    pets = load(tmp_path, "only_train")
    assert pets.report_split == "held-out"
    assert np.bincount(pets.report_labels).tolist() == [2, 2]
    assert np.bincount(pets.train_labels).tolist() == [8, 8]


def test_sets_that_are_not_image_classification(tmp_path):
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


def test_what_does_not_fit_in_memory_streams(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    size = 10 * 8 * 8 * 3
    assert isinstance(load(tmp_path, "tiny_pets", max_bytes=size), ImageSet)
    assert isinstance(load(tmp_path, "tiny_pets", max_bytes=size - 1), StreamedSet)


def test_missing_set_is_fetched(tmp_path, monkeypatch):
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


def test_damaged_set(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    folder = tmp_path / "tiny_pets" / "1.0.0"
    (record,) = folder.glob("*train.tfrecord*")
    record.write_bytes(record.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"breaks off at record 5") as error:
        load(tmp_path, "tiny_pets")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("hostile", ["a record of 10 TB", "a large image", "another size"])
def test_what_a_hostile_set_claims_is_checked_before_it_is_read(tmp_path, hostile):
    import tensorflow as tf
    from PIL import Image

    write_set(tmp_path, "pets", {"train": 6, "test": 4})
    (path,) = (tmp_path / "pets" / "1.0.0").glob("*-test.tfrecord*")
    if hostile == "a record of 10 TB":
        length = (10**13).to_bytes(8, "little")
        path.write_bytes(length + record_checksum(length).to_bytes(4, "little") + path.read_bytes()[12:])
        words = "breaks off at record 0"
    else:
        side = 12_000 if hostile == "a large image" else 9
        file = io.BytesIO()
        Image.new("L", (side, side)).save(file, "PNG")
        records = [
            tf.train.Example.FromString(r) for r in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        ]
        records[3].features.feature["image"].bytes_list.value[0] = file.getvalue()
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record.SerializeToString())
        words = "too large: 12,000 x 12,000 pixels" if side == 12_000 else r"an image of \(9, 9\) pixels"
    with pytest.raises(InputError, match=words) as error:
        load(tmp_path, "pets")
    assert "\n" not in str(error.value)


MARK = "import pathlib\npathlib.Path(__file__).with_name('imported').touch()\n"


@pytest.mark.parametrize("key", ["pythonClassName", "python_class_name", "type", "json"])
def test_no_module_is_imported_from_a_features_file(tmp_path, monkeypatch, key):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    (tmp_path / "of_a_stranger.py").write_text(MARK)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "tiny_pets" / "1.0.0" / "features.json"
    features, name = json.loads(path.read_text()), "of_a_stranger.Image"
    stranger = {"type": name, "content": {}} if key in ("type", "json") else {key: name, "image": {}}
    if key == "type":
        features = stranger
    elif key == "json":
        of_dict = {"pythonClassName": features["pythonClassName"]}
        features = {**of_dict, "jsonFeature": {"json": json.dumps({"image": stranger})}}
    else:
        features["featuresDict"]["features"]["image"] = stranger
    path.write_text(json.dumps(features))

    with pytest.raises(InputError, match="names of_a_stranger"):
        load(tmp_path, "tiny_pets")

    assert not (tmp_path / "imported").exists()


def test_resolve_auto(tmp_path, monkeypatch):
    monkeypatch.setattr("alexnet_tf.data.sources.tfds_fetch.any_host_answers", pytest.fail)
    assert resolve_auto("cifar10", str(tmp_path)) == "builtin"
    write_set(tmp_path, "tiny_pets", {"train": 2, "test": 2})
    assert resolve_auto("tiny_pets", str(tmp_path)) == "tiny_pets"
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert resolve_auto("tiny_pets", None) == "tiny_pets"
    assert resolve_auto("builtin", None) == "builtin"
    with pytest.raises(InputError, match=r"expected an existing data directory; received '.*absent'"):
        resolve_auto("tiny_pets", str(tmp_path / "absent"))


# CIFAR-10 here is a re-encoding as JPEG, so its pixels, but not its labels, differ from the original's.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "train", "report", "shape", "split", "labels", "fingerprint"),
    [
        ("cifar10", 50_000, 10_000, (32, 32, 3), "test", 10, "a97172261fa282d7"),
        ("fashion_mnist", 60_000, 10_000, (28, 28, 1), "test", 10, "6009946e288c"),
        ("tiny_imagenet100", 50_000, 5_000, (64, 64, 3), "validation", 100, "de4cc679e98c"),
    ],
)
def test_real_sets(shared_datasets, name, train, report, shape, split, labels, fingerprint):
    images = load_image_set(name, DataAccess(str(shared_datasets), download=False))
    assert images.train_images.shape == (train, *shape)
    assert images.report_images.shape == (report, *shape)
    assert (images.report_split, images.classes, images.slug) == (split, labels, name)
    assert set(np.bincount(images.train_labels)) == {train // labels}
    assert set(np.bincount(images.report_labels)) == {report // labels}
    assert images.fingerprint.startswith(fingerprint)


def cut_into_shards(folder: Path, split: str, sizes: list[int]) -> None:
    """Writes a split's single file again as several, as large sets have them."""
    import tensorflow as tf

    (whole,) = folder.glob(f"*-{split}.tfrecord*")
    records = list(tf.data.TFRecordDataset(str(whole)).as_numpy_iterator())
    whole.unlink()
    for i, size in enumerate(sizes):
        name = whole.name.split(".tfrecord")[0] + f".tfrecord-{i:05}-of-{len(sizes):05}"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for record in records[:size]:
                writer.write(record)
        records = records[size:]
    info = json.loads((folder / "dataset_info.json").read_text())
    for part in info["splits"]:
        if part["name"] == split:
            part["shardLengths"] = [str(size) for size in sizes]
    info.pop("disableShuffling", None)
    (folder / "dataset_info.json").write_text(json.dumps(info))


@pytest.mark.parametrize(("shape", "image_size"), [((None, None, 3), 16), ((8, 8, 1), None), ((8, 8, 3), 8)])
def test_streams_as_it_is_in_memory(tmp_path, shape, image_size):
    splits = {"train": 19 * 17 + 3, "validation": 6} if shape[0] else {"train": 20}
    write_set(tmp_path, "pets", splits, shape=shape)
    folder = tmp_path / "pets" / "1.0.0"
    # More files than TFDS reads at a time, and more records in them than it takes at once.
    cut_into_shards(folder, "train", [17] * 19 + [3] if shape[0] else [7, 13])
    memory, stream = both_storages(tmp_path, "pets", image_size)

    assert isinstance(stream, StreamedSet)
    if shape[0]:
        # 16 of each file in turn.
        assert memory.train_labels[:34].tolist() == [0, 1] * 8 + [1, 0] * 8 + [0, 1]
    assert stream.fingerprint == memory.fingerprint
    assert stream.report_split == memory.report_split
    np.testing.assert_array_equal(stream.train_labels, memory.train_labels)
    for split in ("train", "report"):
        images = getattr(memory, f"{split}_images")
        found, is_readable = stream.read(split, np.arange(len(images)))
        assert is_readable.all()
        np.testing.assert_array_equal(found, images)


def test_images_that_cannot_be_decoded_are_left_out_in_both_storages(tmp_path, monkeypatch):
    import tensorflow as tf

    write_set(tmp_path, "varied", {"train": 10, "test": 4}, shape=(None, None, 3))
    (path,) = (tmp_path / "varied" / "1.0.0").glob("*-train.tfrecord*")
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    example = tf.train.Example.FromString(records[3])
    example.features.feature["image"].bytes_list.value[0] = b"no image"
    records[3] = example.SerializeToString()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)

    memory, stream = both_storages(tmp_path, "varied", 16)

    ((place, reason),) = stream.quarantine
    assert place == "train, example 3"
    assert reason.startswith("not a JPEG, PNG")
    assert memory.quarantine == stream.quarantine
    assert (len(memory.train_images), stream.fingerprint) == (9, memory.fingerprint)


def test_damaged_record_files_of_a_set_that_streams(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    (record,) = (tmp_path / "tiny_pets" / "1.0.0").glob("*train.tfrecord*")
    record.write_bytes(record.read_bytes()[:-5])

    with pytest.raises(InputError, match=r"whole TFRecord file of 6 records; .* breaks off at record 5"):
        load(tmp_path, "tiny_pets", storage="stream")


def record_places(path: Path) -> list[tuple[int, int]]:
    """(start, size) of the content of each record of a TFRecord file."""
    content, places, start = path.read_bytes(), [], 0
    while start < len(content):
        size = int.from_bytes(content[start : start + 8], "little")
        places.append((start + 12, size))
        start += 12 + size + 4
    return places


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


# In the image's pixels, in the label (the last byte of its feature), in the checksum itself.
@pytest.mark.parametrize("place", [60, -1, 0], ids=["middle", "end", "checksum"])
def test_a_flipped_record_is_quarantined(tmp_path, place):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    (path,) = (tmp_path / "tiny_pets" / "1.0.0").glob("*train.tfrecord*")
    start, size = record_places(path)[2]
    flip(path, start + (place if place > 0 else size + place))

    images = load(tmp_path, "tiny_pets", storage="stream")

    assert len(images.train_labels) == 5
    ((where, reason),) = images.quarantine
    assert where == "train, example 2"
    assert "checksum" in reason
    assert path.name in reason
    with pytest.raises(InputError, match=r"train\.tfrecord.* checksum of record 2 is wrong"):
        load(tmp_path, "tiny_pets", storage="memory")


def test_a_record_that_is_flipped_during_a_run_is_not_trained_on(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    images = load(tmp_path, "tiny_pets", storage="stream")
    (path,) = (tmp_path / "tiny_pets" / "1.0.0").glob("*train.tfrecord*")
    flip(path, record_places(path)[4][0] + 20)

    assert images.read("train", np.arange(6))[1].tolist() == [True, True, True, True, False, True]
    assert "checksum" in images.quarantine[0][1]


def test_readers_read_what_is_scaled(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4}, shape=(None, None, 3))
    images, rows = load(tmp_path, "tiny_pets", image_size=16, storage="stream"), np.array([4, 0, 5])
    (path,) = (tmp_path / "tiny_pets" / "1.0.0").glob("*train.tfrecord*")
    flip(path, record_places(path)[5][0] + 20)

    with images.read_by(1) as read:
        found, is_readable = read.read("train", rows)
        (reader,) = psutil.Process().children()
        libraries = [each.path for each in reader.memory_maps()]

    np.testing.assert_array_equal(found, images.read("train", rows)[0])
    assert is_readable.tolist() == [True, True, False]
    assert "checksum" in images.quarantine[0][1]
    assert not [path for path in libraries if "tensorflow" in Path(path).name]


def test_readers_do_not_decode_as_tfds(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    with pytest.raises(InputError, match=r"--readers: expected images that Pillow decodes.*image_size"):
        load(tmp_path, "tiny_pets", storage="stream").read_by(1).__enter__()


def test_a_flipped_length_of_a_record_is_named(tmp_path):
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    (path,) = (tmp_path / "tiny_pets" / "1.0.0").glob("*train.tfrecord*")
    flip(path, record_places(path)[3][0] - 12)

    with pytest.raises(InputError, match=r"train\.tfrecord.* is damaged at record 3"):
        load(tmp_path, "tiny_pets", storage="stream")
