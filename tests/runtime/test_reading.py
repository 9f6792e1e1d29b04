import io
import os
import socket
import sys
from pathlib import Path

import pytest

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import (
    MAX_TEXT,
    check_outside,
    file_kind,
    read_bytes,
    read_json,
    read_stdin,
    read_text,
)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(path))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (os.mkfifo, "a named pipe"),
        (Path.mkdir, "a folder"),
        (make_socket, "a socket"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to(path.name), "symbolic links"),
    ],
)
def test_pipes_folders_sockets_devices_and_loops_are_refused(tmp_path, monkeypatch, make, kind):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    path = Path("x")
    make(path)
    assert kind in file_kind(path)
    with pytest.raises(OSError, match=kind):
        read_bytes(path)
    with pytest.raises(InputError, match=kind):
        read_text(path)


@pytest.mark.parametrize("name", ["absent", "x" * 300, "a/b", "nul\0"])
def test_paths_without_a_file_are_refused(tmp_path, name):
    path = tmp_path / name
    assert file_kind(path) not in ("a file", "a folder")
    with pytest.raises((OSError, InputError)):
        read_text(path)


@pytest.mark.parametrize("read", [read_text, read_json])
def test_a_large_file_is_not_read(tmp_path, read):
    path = tmp_path / "curves.csv"
    path.touch()
    os.truncate(path, MAX_TEXT + 1)
    with pytest.raises(InputError, match=f"{path}.* 16,777,217 bytes, more than 16,777,216"):
        read(path)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_removed(tmp_path, mark):
    path = tmp_path / "words.txt"
    path.write_bytes(mark + "café\n".encode())
    assert read_text(path) == "café\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5_000, "4300 digits"),
        (b"a\nb\xff", ":2: expected text in UTF-8"),
    ],
)
def test_invalid_json_is_refused_with_its_path(tmp_path, content, words):
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        read_json(path)
    assert str(path) in str(error.value)


def test_standard_input_is_read_as_a_file(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfa.png\n")))
    assert read_stdin() == "a.png\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes(MAX_TEXT + 1))))
    with pytest.raises(InputError, match="at most 16,777,216 bytes"):
        read_stdin()


def test_a_disk_that_ignores_case_has_one_folder_for_both_spellings(tmp_path, monkeypatch):
    (tmp_path / "Photos").mkdir()
    exists, samefile = os.path.exists, os.path.samefile

    def real(path):
        return str(path).replace("photos", "Photos")

    monkeypatch.setattr(os.path, "exists", lambda path: exists(real(path)))
    monkeypatch.setattr(os.path, "samefile", lambda a, b: samefile(real(a), real(b)))
    with pytest.raises(InputError, match="--out: expected a place outside the images"):
        check_outside(tmp_path / "photos" / "out", f"folder:{tmp_path / 'Photos'}", "--out")
    check_outside(tmp_path / "out", f"folder:{tmp_path / 'Photos'}", "--out")
