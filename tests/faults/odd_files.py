"""Odd files: changed bytes, JSON values and arrays, folders and pipes, and pictures of every kind."""

import contextlib
import io
import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image

NASTY = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b'"', b";", b"\t", b",", b"nan", b"inf", b"1e999", b"-1",
    b"9" * 400, b"=1+1", b"[" * 20_000, b"{" * 20_000, b"null", b"true", b"{}", b"1,5", b"\x1b[2J",
    "猫".encode(), b"../../etc/passwd", b"%s%n", b"\xed\xb2\x80",
]  # fmt: skip
JSON_VALUES = (
    None, True, 0, -1, 1.5, 10**30, 1e308, float("nan"), "", "x", [], [1], [[]], {}, {"a": None}, "gone",
)  # fmt: skip
ARRAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "NaN": lambda array: np.full_like(array, np.nan),
    "too large for float32": lambda array: array.astype(float) * 1e300,
    "turned": lambda array: array.T,
    "doubled": lambda array: np.concatenate([array, array]),
    "a scalar": lambda array: array.flat[0],
    "empty": lambda array: array[:0],
    "text": lambda array: array.astype(str),
    "objects": lambda array: array.astype(object),
    **{
        kind: lambda array, kind=kind: array.astype(kind)
        for kind in ("f2", ">f4", "i4", "c8", "?", "S3", "M8[s]")
    },
}
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO", "TGA")


def _mutated(rng: np.random.Generator, content: bytes) -> tuple[bytes, str]:
    changes = []
    for _ in range(rng.integers(1, 4)):
        at, length = rng.integers(0, len(content) + 1), int(rng.integers(1, 40))
        change = rng.choice(["flip", "delete", "repeat", "insert", "replace", "cut", "foreign", "encode"])
        nasty = NASTY[rng.integers(len(NASTY))]
        if change == "flip" and at < len(content):
            content = content[:at] + bytes([content[at] ^ (1 << rng.integers(8))]) + content[at + 1 :]
        elif change == "delete":
            content = content[:at] + content[at + length :]
        elif change == "repeat":
            content = content[:at] + content[at : at + length] * 3 + content[at + length :]
        elif change == "insert":
            content = content[:at] + nasty + content[at:]
        elif change == "replace":
            content = content[:at] + nasty + content[at + length :]
        elif change == "cut":
            content = content[:at]
        elif change == "foreign":
            content = content.replace(b",", b";").replace(b".", b",")
        elif change == "encode":
            content = content.decode("utf-8", "replace").encode(str(rng.choice(["utf-16", "utf-8-sig"])))
        changes.append(str(change))
    return content, ", ".join(changes)


def put(rng: np.random.Generator, path: Path) -> str:
    """Changes a file's bytes (with probability 7/8), deletes it or puts something odd in its place.

    Returns what was done.
    """
    content = path.read_bytes()
    if rng.integers(8):
        content, what = _mutated(rng, content)
        path.write_bytes(content)
        return f"{path.name}: {what}"
    path.unlink()
    what = str(rng.choice(["pipe", "socket", "folder", "loop", "dead link", "device", "gone", "empty"]))
    make_odd(path, what)
    return f"{path.name}: {what}"


def put_value(rng: np.random.Generator, path: Path) -> str:
    """Replaces or removes a value of a JSON file, at any depth; returns what was done."""
    content = place = json.loads(path.read_text("utf-8"))
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = keys[rng.integers(len(keys))]
        if not isinstance(place[key], dict | list) or not place[key] or not rng.integers(3):
            break
        place = place[key]
    value = JSON_VALUES[rng.integers(len(JSON_VALUES))]
    place[key] = value
    if value == "gone":
        del place[key]
    path.write_text(json.dumps(content), "utf-8")
    return f"{path.name}: {key} is {str(value)[:20]}"


def put_among(rng: np.random.Generator, folder: Path) -> str:
    """Changes, cuts, renames or copies a file of a folder, or adds something odd; returns what was done."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[rng.integers(len(files))]
    shard = path.name.replace("00000-of-00001", "00001-of-00002")
    other = path.with_name(str(rng.choice([shard, f"{path.name}.bak", "x"])))
    what = str(rng.choice(["put", "value", "cut", "renamed", "doubled", "beside"]))
    if what == "value" and path.suffix == ".json":
        # After an earlier change the file may not be valid JSON, or may have no value to replace.
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            return put_value(rng, path)
    is_free = not os.path.lexists(other)
    if what == "cut":
        os.truncate(path, rng.integers(path.stat().st_size + 1))
    elif what == "renamed" and is_free:
        path.rename(other)
    elif what == "doubled" and is_free:
        shutil.copy(path, other)
    elif what == "beside" and is_free:
        make_odd(other, str(rng.choice(["pipe", "socket", "folder", "loop", "empty"])))
    else:
        return put(rng, path)
    return f"{path.name}: {what}, {other.name}"


def make_odd(path: Path, what: str) -> None:
    if what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(path))
    elif what == "folder":
        path.mkdir()
    elif what == "empty":
        path.touch()
    elif what != "gone":
        targets = {"loop": path.name, "dead link": "nowhere", "device": "/dev/zero"}
        path.symlink_to(targets[what])


def save_picture(rng: np.random.Generator, path: Path) -> str:
    """Writes a picture of a random format, mode and size; returns the format."""
    kind = str(rng.choice(FORMATS))
    height, width = rng.integers(1, 40, 2)
    picture = Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))
    mode = str(rng.choice(["RGB", "L", "P", "CMYK", "RGBA", "1", "I", "F", "I;16"]))
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(0, 10))
    buffer = io.BytesIO()
    try:
        picture.convert("L").convert(mode).save(buffer, kind, exif=exif)
    except (OSError, ValueError, KeyError):  # not every format supports every mode
        kind = "PNG"
        picture.save(buffer, kind)
    path.write_bytes(buffer.getvalue())
    return kind


def change_array(rng: np.random.Generator, arrays: dict[str, np.ndarray]) -> str:
    """Replaces, removes or renames one of the arrays; returns what was done."""
    name, change = str(rng.choice(list(arrays))), str(rng.choice([*ARRAYS, "gone", "renamed"]))
    array = arrays.pop(name)
    if change != "gone":
        arrays[f"{name}.x" if change == "renamed" else name] = ARRAYS.get(change, np.asarray)(array)
    return f"{name}: {change}"


def save_arrays(rng: np.random.Generator, path: Path, arrays: dict[str, np.ndarray]) -> str:
    """Writes arrays as a file of a random kind that can hold them; returns the kind."""
    kind = str(rng.choice([".npz", ".npy", ".safetensors"]))
    with open(path, "wb") as file:
        if kind == ".npy":
            np.save(file, np.array(arrays), allow_pickle=True)
        elif kind == ".npz" or any(array.dtype.kind not in "fiub" for array in arrays.values()):
            kind = ".npz"
            np.savez(file, **arrays)
        else:
            whole = {
                name: np.ascontiguousarray(array, array.dtype.newbyteorder("="))
                for name, array in arrays.items()
            }
            file.write(safetensors.numpy.save(whole))
    return kind
