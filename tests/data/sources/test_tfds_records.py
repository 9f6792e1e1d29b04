from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.data.streaming.tfds_records import record_checksum
from alexnet_tf.runtime.errors import InputError
from tests.data.encoded import encode, flip
from tests.data.sources.tfds_sets import (
    both_storages,
    cut_into_shards,
    load,
    record_file,
    record_places,
    replace_image,
    write_set,
)


@pytest.fixture
def pets(tmp_path):
    """The path of a file with six training records."""
    write_set(tmp_path, "tiny_pets", {"train": 6, "test": 4})
    return record_file(tmp_path)


@pytest.mark.parametrize(("shape", "image_size"), [((None, None, 3), 16), ((8, 8, 1), None), ((8, 8, 3), 8)])
def test_a_streamed_set_equals_the_set_in_memory(tmp_path, shape, image_size):
    splits = {"train": 19 * 17 + 3, "validation": 6} if shape[0] else {"train": 20}
    write_set(tmp_path, "pets", splits, shape=shape)
    folder = tmp_path / "pets" / "1.0.0"
    # TFDS reads 16 files at a time, and 16 records of each in turn. The set of one image size exceeds both
    # numbers: it has 20 files of up to 17 records.
    cut_into_shards(folder, "train", [17] * 19 + [3] if shape[0] else [7, 13])
    memory, stream = both_storages(tmp_path, "pets", image_size)

    assert isinstance(stream, StreamedSet)
    if shape[0]:
        # 16 records of the first file, 16 of the second (which begins with the label 1), and so on.
        assert memory.train_labels[:34].tolist() == [0, 1] * 8 + [1, 0] * 8 + [0, 1]
    assert stream.fingerprint == memory.fingerprint
    assert stream.report_split == memory.report_split
    np.testing.assert_array_equal(stream.train_labels, memory.train_labels)
    for split in ("train", "report"):
        images = getattr(memory, f"{split}_images")
        found, is_readable = stream.read(split, np.arange(len(images)))
        assert is_readable.all()
        np.testing.assert_array_equal(found, images)


def test_images_that_cannot_be_decoded_are_left_out_in_both_storages(tmp_path):
    write_set(tmp_path, "varied", {"train": 10, "test": 4}, shape=(None, None, 3))
    replace_image(record_file(tmp_path, "varied"), 3, b"no image")

    memory, stream = both_storages(tmp_path, "varied", 16)

    ((place, reason),) = stream.quarantine
    assert place == "train, example 3"
    assert reason.startswith("not a JPEG, PNG")
    assert memory.quarantine == stream.quarantine
    (line,) = memory.opening()
    assert line.startswith("13 images, 2 classes; 1 example not used (1 not a JPEG, PNG")
    assert line.endswith(f"for example train, example 3: {reason}")
    assert stream.opening("out/quarantine.csv")[0].endswith("): out/quarantine.csv")
    assert (len(memory.train_images), stream.fingerprint) == (9, memory.fingerprint)


def test_a_set_of_several_sizes_is_scaled_by_the_chosen_method(tmp_path):
    write_set(tmp_path, "varied", {"train": 10, "test": 4}, shape=(None, None, 3))
    memory, stream = both_storages(tmp_path, "varied", 16, method="bilinear")
    assert memory.fingerprint == stream.fingerprint != load(tmp_path, "varied", image_size=16).fingerprint


@pytest.mark.parametrize("storage", ["memory", "stream"])
def test_a_file_that_breaks_off_is_refused(tmp_path, pets, storage):
    pets.write_bytes(pets.read_bytes()[:-5])

    with pytest.raises(InputError, match=r"whole TFRecord file of 6 records; .* breaks off at record 5"):
        load(tmp_path, "tiny_pets", storage=storage)


@pytest.mark.parametrize(
    ("hostile", "words"),
    [
        (None, "breaks off at record 0"),
        (12_000, "too large: 12,000 x 12,000 pixels"),
        (9, "an image of 9x9 pixels"),
    ],
    ids=["a record of 10 TB", "a large image", "another size"],
)
def test_sizes_stated_in_a_file_are_checked_before_reading(tmp_path, pets, hostile, words):
    if hostile is None:
        length = (10**13).to_bytes(8, "little")
        pets.write_bytes(length + record_checksum(length).to_bytes(4, "little") + pets.read_bytes()[12:])
    else:
        replace_image(pets, 3, encode(Image.new("L", (hostile, hostile)), "PNG"))
    with pytest.raises(InputError, match=words) as error:
        load(tmp_path, "tiny_pets")
    assert "\n" not in str(error.value)


# A bit is flipped in the pixels of the image, in the label (the record's last byte), or in the checksum.
@pytest.mark.parametrize("place", [60, -1, 0], ids=["middle", "end", "checksum"])
def test_a_record_with_a_flipped_bit_is_quarantined(tmp_path, pets, place):
    start, size = record_places(pets)[2]
    flip(pets, start + (place if place > 0 else size + place))

    images = load(tmp_path, "tiny_pets", storage="stream")

    assert len(images.train_labels) == 5
    ((where, reason),) = images.quarantine
    assert where == "train, example 2"
    assert "checksum" in reason
    assert pets.name in reason
    assert images.opening("quarantine.csv") == [
        "9 images, 2 classes; 1 example not used (1 wrong checksum): quarantine.csv"
    ]
    with pytest.raises(InputError, match=r"train\.tfrecord.* checksum of record 2 is wrong"):
        load(tmp_path, "tiny_pets", storage="memory")


def test_a_record_that_is_damaged_during_a_run_is_not_used(tmp_path, pets):
    images = load(tmp_path, "tiny_pets", storage="stream")
    assert images.opening() == []
    flip(pets, record_places(pets)[4][0] + 20)

    assert images.read("train", np.arange(6))[1].tolist() == [True, True, True, True, False, True]
    assert "checksum" in images.quarantine[0][1]


def test_readers_do_not_load_tensorflow_to_read_a_set_that_is_scaled(tmp_path):
    write_set(tmp_path, "varied", {"train": 6, "test": 4}, shape=(None, None, 3))
    images, rows = load(tmp_path, "varied", image_size=16, storage="stream"), np.array([4, 0, 5])
    path = record_file(tmp_path, "varied")
    flip(path, record_places(path)[5][0] + 20)

    with images.read_by(1) as read:
        found, is_readable = read.read("train", rows)
        (reader,) = psutil.Process().children()
        libraries = [each.path for each in reader.memory_maps()]

    np.testing.assert_array_equal(found, images.read("train", rows)[0])
    assert is_readable.tolist() == [True, True, False]
    assert "checksum" in images.quarantine[0][1]
    assert not [path for path in libraries if "tensorflow" in Path(path).name]


def test_readers_refuse_sets_that_tensorflow_decodes(tmp_path, pets):
    with pytest.raises(InputError, match=r"--readers: .*TensorFlow decodes.*image_size"):
        load(tmp_path, "tiny_pets", storage="stream").check_readers()


def test_a_record_whose_length_is_damaged_is_named(tmp_path, pets):
    flip(pets, record_places(pets)[3][0] - 12)

    with pytest.raises(InputError, match=r"train\.tfrecord.* is damaged at record 3"):
        load(tmp_path, "tiny_pets", storage="stream")
