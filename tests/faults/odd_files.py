"""Odd files: changed bytes, changed values of JSON, things that are no files, and pictures of every kind."""

import contextlib
import io
import json
import os
import socket
from pathlib import Path

import numpy as np
from PIL import Image

NASTY = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b'"', b";", b"\t", b",", b"nan", b"inf", b"1e999", b"-1",
    b"9" * 400, b"=1+1", b"[" * 20_000, b"{" * 20_000, b"null", b"true", b"{}", b"1,5", b"\x1b[2J",
    "猫".encode(), b"../../etc/passwd", b"%s%n", b"\xed\xb2\x80",
]  # fmt: skip
JSON_VALUES = (
    None, True, 0, -1, 1.5, 10**30, 1e308, float("nan"), "", "x", [], [1], [[]], {}, {"a": None}, "gone",
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO", "TGA")


def _mutated(rng: np.random.Generator, content: bytes) -> tuple[bytes, str]:
    """The content with one to three changes, and their names."""
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
    """Replaces a file by a changed one or, in one of eight cases, by something that is no file."""
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
    """Replaces a value of a JSON file, at any depth, by another one that JSON can express; or removes it."""
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
    except (OSError, ValueError, KeyError):  # not every format has every mode
        kind = "PNG"
        picture.save(buffer, kind)
    path.write_bytes(buffer.getvalue())
    return kind
