import os
import resource
import signal
from collections import namedtuple

import numpy as np
import pytest

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.streaming import pixel_cache
from alexnet_tf.runtime.errors import InputError
from tests.data.encoded import flip
from tests.data.streaming.cached_tree import IMAGE, files, in_memory, stream
from tests.data.streaming.test_streamed_set import assert_same_set


def test_a_changed_bit_is_detected_while_pixels_are_read(tree, folder):
    images = stream(tree).cached(folder)
    data = DataPipelines(images, DataConfig(image_size=32))
    flip(files(folder)[1], 7 * IMAGE + 5)

    assert len(list(data.train(0, 1, 1))) == data.train_size, "expected a whole epoch"
    with pytest.raises(InputError, match=r"received other pixels for image \d+; delete .*\.\*"):
        data.check_readable()


def test_truncated_pixels_are_detected_while_reading(tree, folder):
    images = stream(tree).cached(folder)
    os.truncate(files(folder)[1], 10 * IMAGE)

    # Other images are not searched, as `check_readable` reports the damage.
    assert images.read("report", np.arange(3))[1].all()
    with pytest.raises(InputError, match="other pixels for image"):
        images.check_readable()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda index, data: os.truncate(data, 100), "received 100 bytes of pixels instead of 147,456"),
        (lambda index, data: data.write_bytes(bytes(48 * IMAGE + 1)), "147,457 bytes of pixels"),
        (lambda index, data: data.unlink(), "received No such file or directory: "),
        (lambda index, data: (data.unlink(), os.mkfifo(data)), "received a named pipe: "),
        (lambda index, data: (index.unlink(), os.mkfifo(index)), "index that cannot be read: .*a named pipe"),
        (lambda index, data: index.write_bytes(index.read_bytes()[:200]), "an index that cannot be read"),
        (lambda index, data: index.write_bytes(b""), "an index that cannot be read"),
        (
            lambda index, data: np.savez(index, facts="[]", checksums=np.zeros(48, "u4")),
            "an index of other images",
        ),
        (
            lambda index, data: (index.unlink(), data.write_bytes(bytes(49 * IMAGE))),
            "150,528 bytes of pixels, more than the set has",
        ),
        (lambda index, data: (index.unlink(), flip(data, 9)), "pixels of another fingerprint"),
    ],
)
def test_a_damaged_cache_is_refused(tree, folder, spoil, words):
    stream(tree).cached(folder)
    spoil(*files(folder))

    with pytest.raises(InputError, match=words) as caught:
        stream(tree).cached(folder)
    assert len(str(caught.value).splitlines()) == 1


def test_a_disk_with_too_little_space_is_refused_before_anything_is_written(tree, folder, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(pixel_cache.shutil, "disk_usage", lambda path: usage(48 * IMAGE - 1))

    with pytest.raises(InputError, match=r"expected 0.000147 GB of free disk space at .* for 48 images of"):
        stream(tree).cached(folder)
    assert [path.stat().st_size for path in folder.iterdir()] == [0, 0]


def test_a_disk_that_fills_up_during_the_write_is_refused_in_one_line(tree, folder, monkeypatch):
    monkeypatch.setattr(pixel_cache, "CHUNK", 4)
    images = stream(tree)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 * IMAGE + 7, before[1]))
    try:
        with pytest.raises(InputError, match=r"expected to be able to write .*pixels; received: File too"):
            images.cached(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)

    assert_same_set(in_memory(tree), images.cached(folder))


def test_a_folder_that_cannot_be_written_is_refused(tree, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match="--cache: expected to be able to write"):
        stream(tree).cached(tmp_path / "file")


def test_a_file_lost_while_the_cache_is_written_is_reported(tree, folder):
    images = stream(tree)
    (tree / "red" / "05.png").rename(tree / "away.png")

    with pytest.raises(InputError, match=r"stay readable; received red/05.png \(cannot be read: No such"):
        images.cached(folder)
    (tree / "away.png").rename(tree / "red" / "05.png")
    flip(tree / "red" / "06.png", -30)
    with pytest.raises(InputError, match=r"red/06.png \(its content has changed since it was scanned"):
        images.cached(folder)
    assert stream(tree).cached(folder).read("train", np.arange(1))[1].all()
