"""From the bytes of an image file to pixels, and to the central square of the paper's section 2.

Everything goes through Pillow, which decodes JPEG as `tf.io.decode_jpeg(dct_method="INTEGER_ACCURATE")`
does, to the same pixels at the same speed, and also reads the CMYK JPEGs of ImageNet. (TFDS decodes with
the faster, less accurate transform, so its pixels differ from these by a few levels.)
"""

import io
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

# A closed list: some of Pillow's other formats start programs or fetch other files.
FORMATS = ("JPEG", "PNG", "BMP", "GIF")

CANNOT_BE_READ = "cannot be read"


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
    """Why a file gave no image, in a few words, for the list of such files.

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


def resize_shorter_side(image: np.ndarray, side: int) -> np.ndarray:
    """Scales so that the shorter side is `side`, with Pillow's antialiased bilinear filter.

    Args:
        image: uint8 [height, width, 1 or 3].
        side: pixels.

    Returns:
        uint8 [height, width, 1 or 3]; the longer side is rounded to whole pixels.

    Example:

    >>> resize_shorter_side(np.zeros([100, 150, 3], np.uint8), 64).shape
    (64, 96, 3)
    """
    height, width = _scaled(image, side)
    return _resample(image, (height, width), (0, 0, image.shape[1], image.shape[0]))


def center_crop(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cuts [height, width] out of the middle, towards the upper left where it is no whole pixel.

    Example:

    >>> center_crop(np.arange(5).reshape(1, 5, 1), 1, 2).ravel()
    array([1, 2])
    """
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def central_square(image: np.ndarray, side: int) -> np.ndarray:
    """`center_crop(resize_shorter_side(image, side), side, side)`, without making what is cut away.

    So a strip of 1 x 10,000 pixels costs no more than any other image. Rounding may differ by one grey
    level.

    Example:

    >>> central_square(np.zeros([100, 150, 3], np.uint8), 64).shape
    (64, 64, 3)
    """
    if image.shape[:2] == (side, side):
        return image
    height, width = _scaled(image, side)
    down, across = image.shape[0] / height, image.shape[1] / width
    top, left = (height - side) // 2, (width - side) // 2
    box = (left * across, top * down, (left + side) * across, (top + side) * down)
    return _resample(image, (side, side), box)


def _open(file: BinaryIO) -> Image.Image:
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        file.seek(0)
        reason = f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image" if file.read(1) else "empty file"
        raise ImageDecodeError(reason) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageDecodeError(f"damaged image: {error}") from None


def _scaled(image: np.ndarray, side: int) -> tuple[int, int]:
    height, width = image.shape[:2]
    scale = side / min(height, width)
    return max(side, round(height * scale)), max(side, round(width * scale))


def _resample(image: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]) -> np.ndarray:
    grey = image.shape[2] == 1
    source = Image.fromarray(image[..., 0] if grey else image)
    # Rounding may put the far edge a hair outside the image, which Pillow refuses.
    box = (box[0], box[1], min(box[2], source.width), min(box[3], source.height))
    pixels = np.array(source.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))
    return pixels[..., None] if grey else pixels
