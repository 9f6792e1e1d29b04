"""From the bytes of an image file to pixels, and to the central square of the paper's section 2.

Everything goes through Pillow, which decodes JPEG as `tf.io.decode_jpeg(dct_method="INTEGER_ACCURATE")`
does, to the same pixels at the same speed, and also reads the CMYK JPEGs of ImageNet. (TFDS decodes with
the faster, less accurate transform, so its pixels differ from these by a few levels.)
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

# A closed list: some of Pillow's other formats start programs or fetch other files.
FORMATS = ("JPEG", "PNG", "BMP", "GIF")

CANNOT_BE_READ = "cannot be read"

# Of the shorter side, where images vary and no other is asked for.
DEFAULT_SIDE = 256


class ImageDecodeError(ValueError):
    """Bytes that are no readable image; the message is the reason."""


def decode_image(data: bytes, channels: int = 3) -> np.ndarray:
    """Decodes a JPEG, PNG, BMP or GIF (first frame), whatever its file is called.

    Greyscale becomes three equal channels, CMYK and palettes become RGB, transparency is dropped, 16-bit
    values keep their upper 8 bits, and an EXIF orientation is ignored, as TFDS does.

    Args:
        data: content of an image file.
        channels: 3, or 1 for grey levels.

    Returns:
        uint8 [height, width, channels], 0..255.

    Raises:
        ImageDecodeError: for anything that is not a whole image of these formats.

    Example:

    >>> file = io.BytesIO()
    >>> Image.new("L", (5, 4), 7).save(file, "PNG")
    >>> decode_image(file.getvalue()).shape
    (4, 5, 3)
    """
    image = _open(io.BytesIO(data))
    try:
        image.load()
        if image.mode.startswith("I"):  # 16-bit grey, which `convert` would clip at 255
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if "transparency" in image.info:
            image = image.convert("RGBA")
        pixels = np.array(image.convert("RGB" if channels == 3 else "L"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageDecodeError(f"damaged {image.format or 'image'}: {error}") from None
    return pixels.reshape(*pixels.shape[:2], channels)


def why_unusable(error: OSError | ImageDecodeError) -> str:
    """The reason why a file gave no image, for the quarantine list.

    Example:

    >>> why_unusable(FileNotFoundError(2, "No such file or directory"))
    'cannot be read: No such file or directory'
    """
    if isinstance(error, ImageDecodeError):
        return str(error)
    return f"{CANNOT_BE_READ}: {error.strerror or error}"


def image_dimensions(file: BinaryIO) -> tuple[int, int]:
    """(height, width) in pixels as the file's header says, without decoding the rest.

    Raises:
        ImageDecodeError: where `file` does not start as a JPEG, PNG, BMP or GIF.
    """
    width, height = _open(file).size
    return height, width


def central_square(image: np.ndarray, side: int) -> np.ndarray:
    """Scales the shorter side to `side` (antialiased, bilinear) and cuts out the middle (paper, section 2).

    Only the part that is kept is computed, so a strip of 1 x 10,000 pixels costs no more than any other
    image; against scaling first and cutting then, rounding may differ by one grey level.

    Args:
        image: uint8 [height, width, 1 or 3].
        side: pixels.

    Returns:
        uint8 [side, side, 1 or 3].

    Example:

    >>> central_square(np.zeros([100, 150, 3], np.uint8), 64).shape
    (64, 64, 3)
    """
    if image.shape[:2] == (side, side):
        return image
    scale = side / min(image.shape[:2])
    height, width = (max(side, round(length * scale)) for length in image.shape[:2])
    down, across = image.shape[0] / height, image.shape[1] / width
    top, left = (height - side) // 2, (width - side) // 2
    grey = image.shape[2] == 1
    source = Image.fromarray(image[..., 0] if grey else image)
    # Rounding may put the far edge a hair outside the image, which Pillow refuses.
    right = min((left + side) * across, source.width)
    bottom = min((top + side) * down, source.height)
    box = (left * across, top * down, right, bottom)
    pixels = np.array(source.resize((side, side), Image.Resampling.BILINEAR, box=box))
    return pixels[..., None] if grey else pixels


@dataclass(frozen=True)
class Target:
    """What images are brought to.

    Attributes:
        shape: (height, width, channels).
        scaled: whether they have to be scaled, to a central square; else all have this shape.
    """

    shape: tuple[int, int, int]
    scaled: bool

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The image as the network's pipeline starts from it."""
        return central_square(image, self.shape[0]) if self.scaled else image


def choose_target(sizes: Sequence[tuple[int, int]], image_size: int | None, channels: int) -> Target:
    """The shape to bring images of these sizes (height, width) to: one common size is kept by default.

    Example:

    >>> choose_target([(9, 8), (9, 8)], None, 3)
    Target(shape=(9, 8, 3), scaled=False)
    >>> choose_target([(9, 8), (8, 9)], None, 3)
    Target(shape=(256, 256, 3), scaled=True)
    """
    side = image_size or (DEFAULT_SIDE if len(set(sizes)) > 1 else None)
    return Target((side, side, channels), True) if side else Target((*sizes[0], channels), False)


def _open(file: BinaryIO) -> Image.Image:
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        file.seek(0)
        reason = f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image" if file.read(1) else "empty file"
        raise ImageDecodeError(reason) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageDecodeError(f"damaged image: {error}") from None
