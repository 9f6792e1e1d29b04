import contextlib
import shutil
import subprocess

import pytest

from alexnet_tf.runtime.checksums import SUMS, check_sums, write_with_sums
from alexnet_tf.runtime.files import write_bytes


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "epochs").mkdir()
    write_with_sums(tmp_path, {"a": b"one", "epochs/b": b"two"})
    return tmp_path


def test_sha256sum_confirms_the_sums(folder):
    write_with_sums(folder, {"a": b"another", "c": b"three"})

    check_sums(folder, ["a", "epochs/b", "c"])
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folder, check=True)


@pytest.mark.parametrize("writes", range(5))
def test_after_a_kill_between_two_writes_every_file_passes_the_check(folder, monkeypatch, writes):
    left = iter(range(writes))

    def write(path, content):
        if next(left, None) is None:
            raise KeyboardInterrupt
        write_bytes(path, content if isinstance(content, bytes) else content.encode())

    for name in ("write_bytes", "write_text"):
        monkeypatch.setattr(f"alexnet_tf.runtime.checksums.{name}", write)
    with contextlib.suppress(KeyboardInterrupt):
        write_with_sums(folder, {"a": b"another", "epochs/b": b"third"})
    check_sums(folder, ["a", "epochs/b"])

    monkeypatch.undo()
    write_with_sums(folder, {"a": b"one", "epochs/b": b"two"})
    assert len((folder / SUMS).read_text().splitlines()) == 2
    (folder / "a").write_bytes(b"another")
    with pytest.raises(ValueError, match="a does not match its checksum"):
        check_sums(folder, ["a"])


def test_sums_of_removed_files_are_dropped(folder):
    (folder / "epochs" / "b").unlink()
    write_with_sums(folder, {"c": b"three"})

    assert "epochs/b" not in (folder / SUMS).read_text()


def test_every_flipped_bit_is_an_error_except_in_a_line_break(folder):
    for path, name in [(folder / "a", "a"), (folder / SUMS, "a")]:
        content = path.read_bytes()
        for place in range(len(content)):
            for bit in range(8):
                changed = bytearray(content)
                changed[place] ^= 1 << bit
                path.write_bytes(changed)
                try:
                    check_sums(folder, [name, "epochs/b"])
                except (ValueError, OSError):
                    continue
                # This bit turned a line break into another white-space character.
                assert path.name == SUMS
                assert changed[place : place + 1].decode("latin1").isspace()
        path.write_bytes(content)


@pytest.mark.parametrize("content", [b"", b"no sums\n", b"\xff"])
def test_a_damaged_file_of_checksums_is_an_error(folder, content):
    (folder / SUMS).write_bytes(content)

    with pytest.raises(ValueError):  # noqa: PT011
        check_sums(folder, ["a"])


def test_without_sums_only_a_missing_file_is_an_error(folder):
    (folder / SUMS).unlink()

    check_sums(folder, ["a"])
    with pytest.raises(FileNotFoundError):
        check_sums(folder, ["d"])
