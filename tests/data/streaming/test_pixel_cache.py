import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.data.arrays import fingerprint_arrays
from alexnet_tf.data.streaming import pixel_cache, streamed_set
from alexnet_tf.data.streaming.encoded import ImageFiles
from tests.data.streaming.cached_tree import IMAGE, files, in_memory, stream
from tests.data.streaming.test_streamed_set import ALL, assert_same_batches, assert_same_set


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """A list that grows by the index of each image whose file is read."""
    rows, read = [], ImageFiles.read
    monkeypatch.setattr(ImageFiles, "read", lambda self, row: rows.append(row) or read(self, row))
    return rows


@pytest.mark.parametrize("method", ["antialiased", "bilinear"])
def test_a_cached_set_equals_the_set_in_memory(tree, folder, reads, method):
    memory = in_memory(tree, method=method)
    cached = stream(tree, method=method).cached(folder)
    reads.clear()

    assert_same_set(memory, cached)
    assert_same_batches(memory, cached, ALL)
    assert not reads
    assert [path for path, _ in cached.quarantine] == ["red/text.jpg"]
    assert files(folder)[1].stat().st_size == 48 * IMAGE


def test_one_grey_channel_and_an_oblong_shape_are_kept(folder):
    labels = np.arange(5) % 2, np.arange(3) % 2
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 5, 1), np.uint8)
    fingerprint = fingerprint_arrays(images[:5], labels[0], images[5:], labels[1])
    contents = pixel_cache.CacheContents(fingerprint, images.shape[1:], labels)

    cache = pixel_cache.open_pixel_cache(folder, contents, lambda slot: images[slot])

    slots = np.array([7, 0, 4])
    found = np.empty((3, 3, 5, 1), np.uint8)
    cache.read(slots, found)
    np.testing.assert_array_equal(found, images[slots])


def test_a_cache_is_written_once(tree, folder, reads, capsys):
    first = stream(tree)
    reads.clear()
    first.cached(folder)
    assert len(reads) == 48
    assert "writing 48 images of 32x32x3, 0.000147 GB of" in capsys.readouterr().err
    before = [path.stat().st_mtime_ns for path in files(folder)]

    stream(tree).cached(folder).read("train", np.arange(1))

    assert len(reads) == 48
    assert [path.stat().st_mtime_ns for path in files(folder)] == before


def test_another_size_or_another_set_has_a_cache_of_its_own(tree, folder):
    first = stream(tree).cached(folder)
    large = stream(tree, 48).cached(folder)
    shutil.copy(tree / "blue" / "03.png", tree / "red" / "03.png")
    changed = stream(tree).cached(folder)

    assert len(list(folder.glob("*.pixels"))) == 3
    assert large.read("train", np.arange(1))[0].shape == (1, 48, 48, 3)
    assert changed.fingerprint != first.fingerprint
    assert_same_set(in_memory(tree), changed)


@pytest.mark.parametrize("left", [0, 20 * IMAGE, 20 * IMAGE + 100, 48 * IMAGE])
def test_an_interrupted_cache_is_completed(tree, folder, reads, left):
    whole = stream(tree).cached(folder)
    index, pixels = files(folder)
    kept = pixels.read_bytes()
    index.unlink()
    pixels.write_bytes(kept[:left])
    reads.clear()

    again = stream(tree).cached(folder)

    # Whole images are kept, and the others are read again.
    assert len(reads) == 48 - left // IMAGE
    assert pixels.read_bytes() == kept
    third = np.array([2])
    np.testing.assert_array_equal(again.read("report", third)[0], whole.read("report", third)[0])


def test_a_cache_whose_writer_was_killed_is_completed(tree, folder):
    program = f"""
import os, signal
from pathlib import Path
from alexnet_tf.data.streaming import pixel_cache, streamed_set
from alexnet_tf.data.load import load_image_set
pixel_cache.CHUNK = 4
images = load_image_set("folder:{tree}", image_size=32, storage="stream")
decode, count = streamed_set.read_scaled, 0
def slow(*args):
    global count
    count += 1
    if count == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(*args)
streamed_set.read_scaled = slow
images.cached(Path("{folder}"))
"""
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert sorted(path.suffix for path in folder.iterdir()) == [".lock", ".pixels"]

    cached = stream(tree).cached(folder)

    assert_same_set(in_memory(tree), cached)


def test_one_process_writes_and_the_other_waits(tree, folder, monkeypatch, capsys, reads):
    sets = [stream(tree), stream(tree)]
    reads.clear()
    read = streamed_set.read_scaled
    monkeypatch.setattr(streamed_set, "read_scaled", lambda *args: time.sleep(0.02) or read(*args))
    results, writes = [], []
    write = pixel_cache._write
    monkeypatch.setattr(pixel_cache, "_write", lambda *args: writes.append(1) or write(*args))
    # Threads stand for processes: a lock belongs to an open file, so it excludes threads, too.
    threads = [threading.Thread(target=lambda s=s: results.append(s.cached(folder))) for s in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 2
    assert len(reads) == 48
    assert len(writes) == 1, "expected the second thread to use the cache that the first has written"
    assert capsys.readouterr().err.count("another process is writing") == 1
    assert_same_set(in_memory(tree), results[0])
