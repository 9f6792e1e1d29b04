"""Files that a kill, a full disk or damage cannot halve."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from alexnet_tf.checkpoints.import_weights import read_arrays
from alexnet_tf.data.streaming import scan_cache
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import hold_lock, locked, write_by, write_text


def test_a_file_that_a_library_writes_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "net.weights.h5"
    path.write_text("old")

    def save(name: Path) -> None:
        assert name.name.endswith(".weights.h5")
        assert path.read_text() == "old"
        name.write_text("new")

    write_by(path, save, 3)

    assert path.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")

    def save(name: Path) -> None:
        name.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left on device"):
        write_by(path, save, 3)
    with pytest.raises(InputError, match="bytes on the disk of"):
        write_by(path, save, 10**18)

    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_text_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    write_text(path, "old\n")
    monkeypatch.setattr(os, "replace", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(InputError, match="No space left"):
        write_text(path, "new\n")
    with pytest.raises(InputError, match=r"expected to be able to write .*No such file"):
        write_text(tmp_path / "missing" / "x", "")
    assert path.read_text() == "old\n"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_damaged_archive_is_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    identity = {"a": 1}
    assert scan_cache.save_arrays("set", identity, {"x": np.arange(50)}) is None
    (path,) = tmp_path.rglob("*.npz")
    whole = path.read_bytes()
    refusals = []
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        scan_cache.load_arrays("set", identity)
        try:
            read_arrays(path)
        except InputError as error:
            refusals.append(str(error))

    assert len(refusals) > 20
    assert all(text.startswith("expected an .npz file") for text in refusals)


HOLDER = """
import sys
from pathlib import Path
from alexnet_tf.runtime.files import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("is_killed", [False, True])
def test_two_processes_exclude_each_other(tmp_path, capsys, is_killed):
    path = tmp_path / "lock"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], cwd=Path.cwd(), **pipes)
    assert holder.stdout.readline() == "held\n"
    entered = threading.Event()

    def wait() -> None:
        with hold_lock(path, "waiting for the other"):
            entered.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert not entered.wait(0.3)
    if is_killed:
        holder.kill()
    else:
        holder.stdin.write("\n")
        holder.stdin.flush()
    assert entered.wait(30)
    waiter.join()
    holder.communicate()
    assert capsys.readouterr().err == "note: waiting for the other\n"
    with hold_lock(path, "free again"):
        pass
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_hold_a_lock_is_refused_in_a_line(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(InputError, match="expected a writable folder"), locked(tmp_path):
        pass
