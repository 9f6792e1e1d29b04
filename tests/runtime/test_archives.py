import io
import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from alexnet_tf.runtime.archives import check_weights_file, open_npz
from alexnet_tf.runtime.checksums import SUMS, read_sums
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE


def npy(shape: tuple[int, ...], content: bytes) -> bytes:
    """The bytes of a .npy file whose header declares float32 values of this shape."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return buffer.getvalue() + content


def archive(path: Path, name: str, content: bytes, compression: int) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr(name, content)
    return path


def test_compressed_arrays_are_read(tmp_path):
    array = np.random.default_rng(0).standard_normal((40, 50))
    np.savez_compressed(tmp_path / "a.npz", one=array)

    with open_npz(tmp_path / "a.npz") as file:
        np.testing.assert_array_equal(file["one"], array)


@pytest.mark.parametrize(
    ("shape", "content", "compression"),
    [
        ((25_000_000,), bytes(100_000_000), zipfile.ZIP_DEFLATED),
        ((10**9, 10**3), bytes(400), zipfile.ZIP_STORED),
        ((10**9, 10**9), bytes(400), zipfile.ZIP_STORED),
    ],
    ids=["bomb", "claims terabytes", "claims more than there is"],
)
def test_small_files_that_claim_large_arrays_are_refused(tmp_path, shape, content, compression):
    path = archive(tmp_path / "a.npz", "one.npy", npy(shape, content), compression)

    with pytest.raises(UNREADABLE_ARCHIVE), open_npz(path) as file:
        file["one"]


@pytest.mark.parametrize(
    "read",
    [lambda path: open_npz(path).__enter__(), check_weights_file, lambda path: read_sums(path.parent)],
    ids=["arrays", "weights", "sums"],
)
def test_a_named_pipe_is_refused_without_waiting(tmp_path, read):
    os.mkfifo(tmp_path / SUMS)
    with pytest.raises(OSError, match="a named pipe"):
        read(tmp_path / SUMS)


def weights(**options) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("layers/conv1/vars/0", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (10**6, 10**6), "chunks": (10, 10), "dtype": "f4"}, "unpacks to 4,000,000,000,000"),
        ({"shape": (10,), "dtype": "f4", "external": [("other", 0, 40)]}, "stored in other files"),
    ],
    ids=["claims terabytes", "another file"],
)
@pytest.mark.parametrize("name", ["net.weights.h5", "model.keras"])
def test_weight_files_without_the_content_that_they_claim_are_refused(tmp_path, options, words, name):
    path, content = tmp_path / name, weights(**options)
    path.write_bytes(content)
    if name == "model.keras":
        archive(path, "model.weights.h5", content, zipfile.ZIP_STORED)

    with pytest.raises(ValueError, match=words):
        check_weights_file(path)


def test_compressed_weights_are_refused(tmp_path):
    path = archive(tmp_path / "model.keras", "model.weights.h5", bytes(10**6), zipfile.ZIP_DEFLATED)

    with pytest.raises(ValueError, match="compressed weights"):
        check_weights_file(path)
