import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from alexnet_tf.config.fields import DataConfig
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.runtime.errors import InputError
from tests.data.streaming.cached_tree import stream

CONFIG = DataConfig(image_size=32, crop=24, flip=True, color_noise="paper", holdout=True)
# Limit on a reader's memory: 65 MB, as docs/how-to/imagenet.md states. Decoding a large image takes more.
MOST_MEBIBYTES = 62
READS_FOREVER = """
import sys, numpy as np
from alexnet_tf.data.load import load_image_set
images = load_image_set(sys.argv[1], image_size=32, storage="stream")
with images.read_by(2) as read:
    while read.read("train", np.arange(9))[1].all():
        print("has read", flush=True)
"""


def readers(process: int = os.getpid()) -> list[psutil.Process]:
    children = psutil.Process(process).children()
    return [child for child in children if "import serve" in " ".join(child.cmdline())]


def batches(data: DataPipelines) -> list[np.ndarray]:
    sets = data.train(3, 2, 7), data.train_subset(8), data.report(8, cropped=False)
    return [part.numpy() for one in sets for batch in one for part in batch]


@pytest.mark.parametrize(("count", "method"), [(1, "antialiased"), (2, "bilinear")])
def test_batches_and_quarantine_are_the_same_with_and_without_readers(tree, count, method):
    here, there = (DataPipelines(stream(tree, method=method), CONFIG) for _ in range(2))
    victims = sorted(tree.rglob("*.png"))
    victims[3].unlink()
    victims[40].write_bytes(victims[40].read_bytes()[:200])
    victims[20].write_bytes(victims[21].read_bytes())
    known = batches(here)

    with there.read_by(count) as read:
        found = batches(read)
        processes = readers()
        libraries = {each.path for process in processes for each in process.memory_maps()}
        memory = [process.memory_info().rss / 2**20 for process in processes]
        read.check_readable()

    for one, other in zip(found, known, strict=True):
        np.testing.assert_array_equal(one, other)
    assert sorted(there.image_set.quarantine) == sorted(here.image_set.quarantine)
    assert sum("changed since it was scanned" in reason for _, reason in there.image_set.quarantine) == 2
    assert len(processes) == count
    assert not [path for path in libraries if "tensorflow" in Path(path).name]
    assert max(memory) < MOST_MEBIBYTES
    assert not readers()


def test_a_reader_that_is_killed_is_replaced(tree, capsys):
    images, rows = stream(tree), np.arange(9)
    with images.read_by(1) as read:
        first = readers()
        first[0].kill()
        found, is_readable = read.read("train", rows)
        assert readers() != first

    np.testing.assert_array_equal(found, images.read("train", rows)[0])
    assert is_readable.all()
    assert "SIGKILL" in capsys.readouterr().err


def test_readers_that_die_again_and_again_end_the_run_in_one_line(tree, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with stream(tree).read_by(2) as read:
        # Other images are not searched, as `check_readable` reports the error.
        assert read.read("train", np.arange(9))[1].all()
        with pytest.raises(InputError, match=r"expected processes that stay alive; .* status 1"):
            read.check_readable()
    read.read("train", np.arange(9))
    with pytest.raises(InputError, match="has ended"):
        read.check_readable()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_reader_outlives_its_owner(tree, number):
    command, pipe = [sys.executable, "-c", READS_FOREVER, f"folder:{tree}"], subprocess.PIPE
    owner = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, process_group=0)
    assert owner.stdout.readline() == "has read\n"
    processes = readers(owner.pid)
    assert len(processes) == 2
    for process in processes:
        # One reader may have read everything before the other had started.
        deadline = time.monotonic() + 20
        while "memfd:images" not in (mapped := " ".join(each.path for each in process.memory_maps())):
            assert time.monotonic() < deadline, "expected shared memory without a file name"
            time.sleep(0.05)
        assert "/dev/shm" not in mapped

    # The signal goes to the whole process group, as a terminal sends it.
    os.killpg(owner.pid, number)
    _, said = owner.communicate(timeout=20)

    assert owner.returncode == -number
    assert said.count("Traceback") == (number == signal.SIGINT), "expected a traceback of the owner only"
    _, left = psutil.wait_procs(processes, timeout=20)
    assert not left
