"""Decoded pixels kept on disk: the bits of the files, whole or refused, written once."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.config import DataConfig
from alexnet_tf.data import pixel_cache
from alexnet_tf.data.arrays import fingerprint_arrays
from alexnet_tf.data.encoded import ImageFiles
from alexnet_tf.data.load import load_image_set
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.streamed_set import StreamedSet
from alexnet_tf.errors import InputError
from tests.colored_images import write_colored_tree
from tests.data.test_streamed_set import ALL, assert_same_batches, assert_same_set

COLORS = {"blue": (40, 60, 200), "red": (200, 50, 40)}
IMAGE = 32 * 32 * 3


@pytest.fixture
def tree(tmp_path) -> Path:
    """Images of several sizes, one file that is none, and no report split: 48 images are usable."""
    root = write_colored_tree(tmp_path / "tree", COLORS, lambda i: (40 + i, 60 - i), noise=40, count=24)
    (root / "red" / "text.jpg").write_text("no image")
    return root


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "cache"


def stream(tree: Path, side: int = 32) -> StreamedSet:
    return load_image_set(f"folder:{tree}", image_size=side, storage="stream")


def files(folder: Path) -> tuple[Path, Path]:
    """The index and the pixels of the only cache in a folder."""
    index, pixels = sorted(folder.iterdir())
    return index, pixels


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """The rows whose files are read."""
    rows = []
    monkeypatch.setattr(
        ImageFiles, "read", lambda self, row, read=ImageFiles.read: rows.append(row) or read(self, row)
    )
    return rows


def test_a_cached_set_is_the_set_in_memory(tree, folder, reads):
    memory = load_image_set(f"folder:{tree}", image_size=32, storage="memory")
    cached = stream(tree).cached(folder)
    reads.clear()

    assert_same_set(memory, cached)
    assert_same_batches(memory, cached, ALL)
    assert not reads
    assert [path for path, _ in cached.quarantine] == ["red/text.jpg"]
    assert files(folder)[1].stat().st_size == 48 * IMAGE


def contents_of(images: np.ndarray, labels: tuple) -> pixel_cache.CacheContents:
    count = len(labels[0])
    fingerprint = fingerprint_arrays(images[:count], labels[0], images[count:], labels[1])
    return pixel_cache.CacheContents(fingerprint, images.shape[1:], labels)


def test_one_grey_channel_and_an_oblong_shape_are_kept(folder):
    labels = np.arange(5) % 2, np.arange(3) % 2
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 5, 1), np.uint8)
    contents = contents_of(images, labels)

    cache = pixel_cache.open_pixel_cache(folder, contents, lambda slot: images[slot])

    for slot in (7, 0, 4):
        np.testing.assert_array_equal(cache.read(slot), images[slot])


def test_a_cache_is_written_once(tree, folder, reads, capsys):
    first = stream(tree)
    reads.clear()
    first.cached(folder)
    assert len(reads) == 48
    assert "writing 48 images of 32x32x3, 0.000147 GB of" in capsys.readouterr().err
    before = [path.stat().st_mtime_ns for path in files(folder)]

    stream(tree).cached(folder).read("train", 0)

    assert len(reads) == 48
    assert [path.stat().st_mtime_ns for path in files(folder)] == before


def test_another_size_or_another_set_has_a_cache_of_its_own(tree, folder):
    first = stream(tree).cached(folder)
    large = stream(tree, 48).cached(folder)
    shutil.copy(tree / "blue" / "03.png", tree / "red" / "03.png")
    changed = stream(tree).cached(folder)

    assert len(list(folder.iterdir())) == 6
    assert large.read("train", 0)[0].shape == (48, 48, 3)
    assert changed.fingerprint != first.fingerprint
    assert_same_set(load_image_set(f"folder:{tree}", image_size=32, storage="memory"), changed)


@pytest.mark.parametrize("left", [0, 20 * IMAGE, 20 * IMAGE + 100, 48 * IMAGE])
def test_an_interrupted_cache_is_gone_on_with(tree, folder, reads, left):
    whole = stream(tree).cached(folder)
    index, pixels = files(folder)
    kept = pixels.read_bytes()
    index.unlink()
    pixels.write_bytes(kept[:left])
    reads.clear()

    again = stream(tree).cached(folder)

    assert len(reads) == 48 - left // IMAGE
    assert pixels.read_bytes() == kept
    np.testing.assert_array_equal(again.read("report", 2)[0], whole.read("report", 2)[0])


def test_a_killed_writer_leaves_what_the_next_one_needs(tree, folder):
    program = f"""
import os, signal
from pathlib import Path
from alexnet_tf.data import pixel_cache
from alexnet_tf.data.load import load_image_set
pixel_cache.CHUNK = 4
images = load_image_set("folder:{tree}", image_size=32, storage="stream")
decode, count = type(images)._decode, 0
def slow(self, row):
    global count
    count += 1
    if count == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(self, row)
type(images)._decode = slow
images.cached(Path("{folder}"))
"""
    root = Path(__file__).parents[2]
    status = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True).returncode
    assert status == -9
    (left,) = folder.iterdir()
    assert left.name.endswith(".pixels")

    cached = stream(tree).cached(folder)

    assert_same_set(load_image_set(f"folder:{tree}", image_size=32, storage="memory"), cached)


def test_one_process_writes_and_the_other_waits(tree, folder, monkeypatch, capsys, reads):
    sets = [stream(tree), stream(tree)]
    reads.clear()
    decode = StreamedSet._decode
    monkeypatch.setattr(StreamedSet, "_decode", lambda self, row: time.sleep(0.02) or decode(self, row))
    results = []
    # A lock is of an open file, so two threads exclude each other as two processes do.
    threads = [threading.Thread(target=lambda s=s: results.append(s.cached(folder))) for s in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 2
    assert len(reads) == 48
    assert capsys.readouterr().err.count("another process is writing") == 1
    assert_same_set(load_image_set(f"folder:{tree}", image_size=32, storage="memory"), results[0])


def spoil_one_byte(pixels: Path, at: int) -> None:
    content = bytearray(pixels.read_bytes())
    content[at] ^= 1
    pixels.write_bytes(content)


def test_one_changed_bit_is_found_while_it_is_read(tree, folder):
    images = stream(tree).cached(folder)
    data = DataPipelines(images, DataConfig(image_size=32))
    spoil_one_byte(files(folder)[1], 7 * IMAGE + 5)

    assert len(list(data.train(0, 1, 1))) == data.train_size, "the epoch comes to its end"
    with pytest.raises(InputError, match=r"received image \d+ is not what was written; delete .*\.\*"):
        data.check_readable()


def test_pixels_that_end_too_early_are_told_while_they_are_read(tree, folder):
    images = stream(tree).cached(folder)
    os.truncate(files(folder)[1], 10 * IMAGE)

    assert images.read("report", 0)[1], "whoever waits for a readable image comes to an end"
    with pytest.raises(InputError, match="is not what was written"):
        images.check_readable()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda index, pixels: os.truncate(pixels, 100), "received 100 bytes of pixels, where 147,456 were"),
        (lambda index, pixels: pixels.write_bytes(bytes(48 * IMAGE + 1)), "147,457 bytes of pixels"),
        (lambda index, pixels: pixels.unlink(), "received No such file or directory: "),
        (lambda index, pixels: index.write_bytes(index.read_bytes()[:200]), "an index that cannot be read"),
        (lambda index, pixels: index.write_bytes(b""), "an index that cannot be read"),
        (
            lambda index, pixels: np.savez(index, facts=np.array("[]"), checksums=np.zeros(48, np.uint32)),
            "an index of something else",
        ),
        (
            lambda index, pixels: (index.unlink(), pixels.write_bytes(bytes(49 * IMAGE))),
            "150,528 bytes of pixels without an index",
        ),
        (
            lambda index, pixels: (index.unlink(), spoil_one_byte(pixels, 9)),
            "pixels of another fingerprint, of files that have changed or of a damaged disk",
        ),
    ],
)
def test_a_damaged_cache_is_refused(tree, folder, spoil, words):
    stream(tree).cached(folder)
    spoil(*files(folder))

    with pytest.raises(InputError, match=words) as caught:
        stream(tree).cached(folder)
    assert len(str(caught.value).splitlines()) == 1


def test_a_damaged_cache_can_be_deleted(tree, folder):
    stream(tree).cached(folder)
    spoil_one_byte(files(folder)[1], 9)
    for path in folder.iterdir():
        path.unlink()

    assert_same_set(
        load_image_set(f"folder:{tree}", image_size=32, storage="memory"), stream(tree).cached(folder)
    )


def test_a_disk_without_the_space_is_refused_before_anything_is_written(tree, folder, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(pixel_cache.shutil, "disk_usage", lambda path: usage(48 * IMAGE - 1))

    with pytest.raises(InputError, match=r"expected 0.000147 GB of free disk space at .* for 48 images of"):
        stream(tree).cached(folder)
    assert [path.stat().st_size for path in folder.iterdir()] == [0]


def test_a_disk_that_fills_up_meanwhile_ends_in_one_line(tree, folder, monkeypatch):
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

    assert_same_set(load_image_set(f"folder:{tree}", image_size=32, storage="memory"), images.cached(folder))


def test_a_folder_that_cannot_be_written_is_refused(tree, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match="--cache: expected to be able to write"):
        stream(tree).cached(tmp_path / "file")


def test_a_file_lost_while_the_cache_is_written_is_told(tree, folder):
    images = stream(tree)
    (tree / "red" / "05.png").rename(tree / "away.png")

    with pytest.raises(InputError, match=r"stay readable; received red/05.png \(cannot be read: No such"):
        images.cached(folder)
    (tree / "away.png").rename(tree / "red" / "05.png")
    assert stream(tree).cached(folder).read("train", 0)[1]


def test_the_index_says_what_the_pixels_are(tree, folder):
    images = stream(tree).cached(folder)
    index, pixels = files(folder)

    with np.load(index, allow_pickle=False) as file:
        facts, checksums = json.loads(str(file["facts"])), file["checksums"]
    assert facts == [pixel_cache.FORMAT, images.fingerprint, [32, 32, 3], 48]
    assert checksums.shape == (48,)
    assert pixels.name == f"32x32x3-{images.fingerprint[:16]}.pixels"
