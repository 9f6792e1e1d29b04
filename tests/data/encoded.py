"""Pictures as the content of a file."""

import io
from typing import Any

from PIL import Image


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def held(orientation: int) -> Image.Exif:
    """The EXIF data of a camera that was held in one of eight ways; 6 has to be turned clockwise."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
