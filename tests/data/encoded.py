import io
from typing import Any

from PIL import Image


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def held(orientation: int) -> Image.Exif:
    """EXIF data with this orientation, 1 to 8; a viewer turns pixels of orientation 6 clockwise."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
