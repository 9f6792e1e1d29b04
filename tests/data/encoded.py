import io
from pathlib import Path
from typing import Any

from PIL import Image


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def with_more_scans(jpeg: bytes, count: int) -> bytes:
    """Appends `count` copies of the last scan to a progressive JPEG."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * count + jpeg[-2:]


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def held(orientation: int) -> Image.Exif:
    """EXIF data with this orientation, 1 to 8; viewers rotate pixels of orientation 6 by 90° clockwise."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
