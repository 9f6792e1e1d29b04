"""Encodes images as the content of a file, with or without EXIF data."""

import io
from typing import Any

from PIL import Image


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def held(orientation: int) -> Image.Exif:
    """EXIF data with one of the eight orientations; 6 means that a viewer turns the pixels clockwise."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
