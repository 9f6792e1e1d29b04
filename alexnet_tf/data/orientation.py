"""How the camera was held, according to the EXIF data of an image file."""

from PIL import Image

ORIENTATION = 0x0112
# EXIF data of more bytes are ignored. A segment of a JPEG cannot be larger; a PNG has no such limit.
MOST_EXIF = 2**16
# The operation that makes the image upright, by the value of the tag; 1 (upright) needs none.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of an image, 1 to 8; 1 (upright) if unknown."""
    try:
        if len(image.info.get("exif", b"")) > MOST_EXIF:
            return 1
        value = image.getexif().get(ORIENTATION)
        return value if value in TURNS else 1
    except Exception:  # damaged EXIF data raise errors of many kinds; the pixels may still be valid
        return 1
