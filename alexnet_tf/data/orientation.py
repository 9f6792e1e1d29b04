"""The EXIF orientation of an image."""

from PIL import Image

ORIENTATION = 0x0112
# In bytes; larger EXIF data are ignored. Those of a JPEG are in one segment, which cannot be larger.
MOST_EXIF = 2**16
# The operation that makes an image upright, by the value of the tag.
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
    """The orientation, 1 to 8; 1 (upright) if unknown."""
    try:
        if len(image.info.get("exif", b"")) > MOST_EXIF:
            return 1
        value = image.getexif().get(ORIENTATION)
        return value if value in TURNS else 1
    except Exception:  # damaged EXIF data raise errors of many kinds
        return 1
