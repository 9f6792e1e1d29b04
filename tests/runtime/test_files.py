import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from alexnet_tf.checkpoints.import_weights import read_arrays
from alexnet_tf.checkpoints.resume import save_checkpoint
from alexnet_tf.commands.import_weights import whole_folder
from alexnet_tf.data.streaming import scan_cache
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import claimed, hold_lock, json_bytes, locked, remove_temporaries, write_bytes
from alexnet_tf.runtime.reading import read_json
from experiments.runner.reuse import keep_net

LIMITED = """
import resource, sys
from pathlib import Path
import keras
from alexnet_tf.checkpoints.weights import model_file, weights_file
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_bytes
model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(100)])
for limit in range(0, 100_000, 5_000):
    # Like a full disk, the limit ends a write in the middle of the file with a system error.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for name, content in (("model.keras", model_file(model)), ("best.weights.h5", weights_file(model))):
        try:
            write_bytes(Path(sys.argv[1]) / name, content)
            print(limit, name, "written")
        except InputError as error:
            print(limit, name, error)
"""


@pytest.mark.slow
def test_networks_on_a_full_disk_are_written_whole_or_not_at_all(tmp_path):
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, cwd=Path.cwd(), capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == 40
    refused = [line for line in lines if "expected to be able to write" in line]
    assert 10 < len(refused) < 30
    assert all(line.endswith("written") for line in lines if line not in refused)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.weights.h5", "model.keras"]
    keras.models.load_model(tmp_path / "model.keras").load_weights(tmp_path / "best.weights.h5")


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")
    with open("/dev/full", "wb", buffering=0) as full, pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "open", lambda *arguments: os.dup(full.fileno()))
        with pytest.raises(InputError, match="No space left on device"):
            write_bytes(path, b"new")
    with pytest.raises(InputError, match=r"expected to be able to write .*No such file"):
        write_bytes(tmp_path / "missing" / "x", b"")

    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_folder_is_synced_after_every_rename(tmp_path, monkeypatch):
    renamed, synced = [], []
    replace, sync = os.replace, os.fsync

    def watched_replace(source, target):
        replace(source, target)
        renamed.append(Path(target).parent.stat().st_ino)

    def watched_sync(descriptor):
        sync(descriptor)
        synced.append((len(renamed), os.fstat(descriptor).st_ino))

    monkeypatch.setattr(os, "replace", watched_replace)
    monkeypatch.setattr(os, "fsync", watched_sync)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD())
    for _ in range(2):
        save_checkpoint(tmp_path / "state" / "run.npz", model, "hash", {}, is_best=True)
    keep_net(tmp_path / "state" / "run.npz")
    with whole_folder(tmp_path / "out") as folder:
        (folder / "file").write_text("content")

    assert len(renamed) == 7
    assert all((place, parent) in synced for place, parent in enumerate(renamed, start=1))
    # The file is synced before its folder is renamed, which is the seventh renaming.
    assert (6, (tmp_path / "out" / "file").stat().st_ino) in synced


def test_a_link_to_an_empty_folder_still_leads_to_the_folder_that_replaces_it(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with whole_folder(tmp_path / "link") as folder:
        (folder / "file").write_text("content")

    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["file"]
    assert {path.name for path in tmp_path.iterdir()} == {"link", "real"}


@pytest.mark.parametrize("package", ["alexnet_tf", "experiments", "benchmarks"])
def test_only_files_py_renames_files(package):
    pattern = re.compile(r"os\.(replace|rename)|\.rename\(|\.replace\(\w+\)|shutil\.move")
    paths = [*Path(__file__).parents[2].joinpath(package).rglob("*.py")]
    found = {path.name for path in paths if pattern.search(path.read_text("utf-8"))}
    assert found == ({"files.py"} if package == "alexnet_tf" else set())


def test_temporary_files_of_a_killed_process_are_removed_under_the_lock(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    end = f".{os.getpid()}.{'0' * 32}.tmp"
    for path in (tmp_path / f".runs.csv{end}", state / f".a.npz{end}", tmp_path / ".notes.tmp"):
        path.write_text("half")

    with locked(tmp_path):
        pass
    # The temporary file of `a.npz` belongs to a run and is removed under that run's own lock. The name
    # `.notes.tmp` does not have the form of a temporary file's name.
    assert {path.name for path in tmp_path.rglob("*.tmp")} == {f".a.npz{end}", ".notes.tmp"}
    remove_temporaries(state, "b.npz")
    assert (state / f".a.npz{end}").exists()
    remove_temporaries(state, "a.npz")
    assert not (state / f".a.npz{end}").exists()


def test_temporary_files_of_a_longer_name_are_kept(tmp_path):
    end = f".{os.getpid()}.{'0' * 32}.tmp"
    for name in ("a", "a.b", "a-1", "a-1.b"):
        (tmp_path / f".{name}{end}").mkdir()
    remove_temporaries(tmp_path, "a")
    assert {path.name for path in tmp_path.iterdir()} == {f".{name}{end}" for name in ("a.b", "a-1", "a-1.b")}
    remove_temporaries(tmp_path, "a-*")
    assert {path.name for path in tmp_path.iterdir()} == {f".a.b{end}"}


def test_a_temporary_file_that_cannot_be_removed_does_not_prevent_writing(tmp_path, monkeypatch):
    old = tmp_path / f".a.png.{os.getpid()}.{'0' * 32}.tmp"
    old.write_text("half")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    unlink = Path.unlink

    def refused(path, *arguments, **options):
        if path == old:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, *arguments, **options)

    monkeypatch.setattr(Path, "unlink", refused)
    write_bytes(tmp_path / "a.png", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {old.name, "a.png"}


def test_writing_a_file_removes_its_temporary_files_that_are_older_than_a_day(tmp_path):
    end = f".{os.getpid()}.{'0' * 32}.tmp"
    old, new, other = (tmp_path / f".{name}{end}" for name in ("a[1].png", "new.png", "other.png"))
    for path in (old, new, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    for name in ("a[1].png", "new.png"):
        write_bytes(tmp_path / name, b"whole")
    assert {path.name for path in tmp_path.glob(".*")} == {new.name, other.name}


def test_a_damaged_archive_is_refused_in_one_line(tmp_path, monkeypatch):
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
    assert all(text.startswith("expected ") and "\n" not in text for text in refusals)


HOLDER = """
import sys
from pathlib import Path
from alexnet_tf.runtime.files import claimed, hold_lock
with eval(sys.argv[2])(Path(sys.argv[1]), "--out net"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def start_holder(path: Path, context: str) -> subprocess.Popen:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", HOLDER, str(path), context]
    holder = subprocess.Popen(command, cwd=Path.cwd(), **pipes)
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.parametrize("is_killed", [False, True])
def test_two_processes_exclude_each_other(tmp_path, capsys, is_killed):
    path, entered = tmp_path / "lock", threading.Event()
    holder = start_holder(path, "hold_lock")

    def wait():
        with hold_lock(path, "waiting for the other"):
            entered.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert not entered.wait(0.3)
    if is_killed:
        holder.kill()
    holder.communicate("\n")
    assert entered.wait(30)
    waiter.join()
    assert capsys.readouterr().err == "note: waiting for the other\n"
    with hold_lock(path, "free again"):
        pass
    assert capsys.readouterr().err == ""


def test_a_second_process_is_refused_with_the_holder_of_the_lock(tmp_path):
    path = tmp_path / "lock"
    holder = start_holder(path, "claimed")

    words = f"--out net: expected to be unused; .*process {holder.pid} on {socket.gethostname()} since 20"
    for _ in range(2):
        with pytest.raises(InputError, match=words), claimed(path, "--out net"):
            pass

    # After the holder's death, another process gets the lock.
    holder.kill()
    holder.communicate()
    with claimed(path, "--out net"):
        assert json.loads(path.read_text())["pid"] == os.getpid()
        with pytest.raises(InputError, match=f"process {os.getpid()} on"), claimed(path, "--out net"):
            pass


def test_a_lock_does_not_write_through_a_symbolic_link(tmp_path):
    (tmp_path / "other").write_text("content")
    (tmp_path / ".lock").symlink_to("other")
    with pytest.raises(InputError, match="symbolic links"), claimed(tmp_path / ".lock", "--out net"):
        pass
    assert (tmp_path / "other").read_text() == "content"


def test_commands_start_without_the_unix_module_fcntl():
    # Windows has no such module; there, filelock uses another kind of lock.
    code = "import sys; sys.modules['fcntl'] = None; import alexnet_tf.__main__, experiments.__main__"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd()).returncode == 0


def test_json_with_a_name_that_is_not_utf8_can_be_read_again(tmp_path):
    content = {"dataset": "folder:caf\udce9 \u732b"}
    write_bytes(tmp_path / "model.json", json_bytes(content))
    assert read_json(tmp_path / "model.json") == content


def test_a_folder_that_cannot_hold_a_lock_is_refused(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(InputError, match="expected a writable folder"), locked(tmp_path):
        pass
