"""Decoding of image files.

The pixels of a JPEG equal those of `tf.io.decode_jpeg(dct_method="INTEGER_ACCURATE")`. TFDS's decoder gives
pixels that differ by a few grey levels.

Without the limits below, decoding a small file could take gigabytes of memory, or minutes. Within them, the
most expensive images that were tried took 1.2 GB (a WebP) and 7 s (a TIFF of progressive JPEGs).
"""

import contextlib
import ctypes
import io
import logging
import os
import threading
import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from alexnet_tf.data import jpeg, tiff
from alexnet_tf.data.counted import MOST_READS, Counted
from alexnet_tf.data.orientation import TURNS, orientation
from alexnet_tf.runtime.reading import open_file

# No other formats, because Pillow starts programs or reads other files for some of them.
FORMATS: tuple[str, ...] = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
with contextlib.suppress(ImportError):
    import pillow_heif

    pillow_heif.register_heif_opener()
    FORMATS = (*FORMATS, "HEIF")
# Used to guess which files are images. Images of a data set may also have other suffixes.
SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".heic", ".heif")
# How names begin that file managers do not show; Synology's servers keep thumbnails in folders named @eaDir.
HIDDEN = (".", "@eaDir")
HEIC_BRANDS = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1")

CANNOT_BE_READ = "cannot be read"

# Limits on the bytes of a file and on the pixels of an image.
MAX_BYTES, MAX_PIXELS = 2**27, 2**26
# Images of more pixels are decoded one at a time.
LARGE_PIXELS = 2**24
_decoding_large = threading.Lock()
# Silences Pillow's warnings about large images, which are limited here, and its log of errors, which it also
# raises.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
# Limit on the scans of each JPEG in a TIFF; libtiff's default is 100.
os.environ["LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER"] = "16"
# libtiff would also print the errors that Pillow raises.
with contextlib.suppress(AttributeError, OSError):
    ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler(None)


class ImageDecodeError(ValueError):
    """Raised for bytes that cannot be decoded as an image."""


def decode_image(data: bytes, channels: int = 3, oriented: bool = False) -> np.ndarray:
    """The first frame of an image in one of the `FORMATS`: uint8 [height, width, channels], 0..255.

    Transparency is dropped, and 16-bit values keep their upper 8 bits.

    Args:
        channels: 3 for RGB, 1 for grey levels.
        oriented: rotate the image by its EXIF orientation, as viewers do; TFDS ignores it. Pillow always
            rotates a TIFF.

    Raises:
        ImageDecodeError: if `data` is not a complete image, or exceeds a limit.

    Example:

    >>> file = io.BytesIO()
    >>> Image.new("L", (5, 4), 7).save(file, "PNG")
    >>> decode_image(file.getvalue()).shape
    (4, 5, 3)
    """
    return pixels(decoded(data, channels, oriented))


def decoded(data: bytes, channels: int = 3, oriented: bool = False) -> np.ndarray | Image.Image:
    """Like `decode_image`, but returns Pillow's image (RGB or L) if Pillow decodes it."""
    _check_size(len(data))
    if channels == 3 and (array := jpeg.decode_usual_jpeg(data, LARGE_PIXELS, oriented)) is not None:
        return array
    image = open_image(data)
    try:
        with _alone(image):
            image.load()
            turn = TURNS.get(orientation(image)) if oriented else None
            if image.format == "TIFF" and image.mode in ("I", "F"):
                raise ImageDecodeError("a TIFF of 32-bit values; expected 8 or 16 bits")
            if image.mode.startswith("I"):  # 16-bit grey levels, which `convert` would clip at 255
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            if "transparency" in image.info:
                image = image.convert("RGBA")
            mode = "RGB" if channels == 3 else "L"
            image = image if image.mode == mode else image.convert(mode)
            return image if turn is None else image.transpose(turn)
    except ImageDecodeError:
        raise
    except Exception as error:  # damage makes Pillow raise errors of many kinds
        raise ImageDecodeError(f"damaged {image.format or 'image'}: {error}") from None


def pixels(image: np.ndarray | Image.Image) -> np.ndarray:
    """The pixels of a decoded image: uint8 [height, width, 3 or 1], read-only if Pillow decoded it."""
    return np.asarray(image).reshape(*dimensions(image), -1)


def open_image(data: bytes) -> Image.Image:
    """Opens an image without decoding its pixels.

    Raises:
        ImageDecodeError: if `data` has none of the `FORMATS` or a damaged header, or exceeds a limit.
    """
    _check_size(len(data))
    image = _open(io.BytesIO(data))
    if data.startswith(jpeg.START) and (reason := jpeg.refusal(data, image.width * image.height)):
        raise ImageDecodeError(reason)
    return image


def read_image(path: str | bytes | Path) -> bytes:
    """The content of an image file.

    Raises:
        OSError: if the file cannot be read, or is not a regular file.
        ImageDecodeError: if it is larger than `MAX_BYTES`.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        _check_size(size)
        # `read(MAX_BYTES)` would reserve MAX_BYTES for each file.
        return file.read(size)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise ImageDecodeError(f"a file of {size:,} bytes; expected at most {MAX_BYTES:,}")


def why_unusable(error: OSError | ImageDecodeError) -> str:
    """The reason why a file could not be used.

    Example:

    >>> why_unusable(FileNotFoundError(2, "No such file or directory"))
    'cannot be read: No such file or directory'
    """
    if isinstance(error, ImageDecodeError):
        return str(error)
    return f"{CANNOT_BE_READ}: {error.strerror or error}"


def image_dimensions(file: BinaryIO, oriented: bool = False) -> tuple[int, int]:
    """Reads (height, width) from the header of a file; for `oriented` see `decode_image`.

    Raises:
        ImageDecodeError: if `file` has none of the `FORMATS` or a damaged header, or exceeds a limit.
    """
    image = _open(file)
    with _alone(image):  # Pillow decodes a PNG's pixels to find EXIF data after them
        # For a TIFF, Pillow's `size` is the size after rotation.
        swapped = oriented and image.format != "TIFF" and orientation(image) >= 5
    width, height = reversed(image.size) if swapped else image.size
    return height, width


def dimensions(image: np.ndarray | Image.Image) -> tuple[int, int]:
    """(height, width) of a decoded image."""
    return image.shape[:2] if isinstance(image, np.ndarray) else (image.height, image.width)


def _alone(image: Image.Image) -> AbstractContextManager[object]:
    is_large = image.width * image.height > LARGE_PIXELS
    return _decoding_large if is_large else contextlib.nullcontext()


def _open(file: BinaryIO) -> Image.Image:
    _check_size(file.seek(0, os.SEEK_END))
    file.seek(0)
    if reason := tiff.too_much_to_read(file, MAX_PIXELS):
        raise ImageDecodeError(reason)
    try:
        counted: Any = Counted(file)
        image = Image.open(counted, formats=FORMATS)
        counted.left = MOST_READS["pixels"]
        is_preview = image.format == "TIFF" and tiff.is_preview(image)
    except UnidentifiedImageError:
        file.seek(0)
        start = file.read(12)
        if start[4:] in HEIC_BRANDS and "HEIF" not in FORMATS:
            raise ImageDecodeError("HEIC without pillow-heif: pip install pillow-heif") from None
        reason = f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image" if start else "empty file"
        raise ImageDecodeError(reason) from None
    except Image.DecompressionBombError as error:
        raise ImageDecodeError(f"too large: {error}") from None
    except Exception as error:
        raise ImageDecodeError(f"damaged image: {error}") from None
    if is_preview:
        raise ImageDecodeError("a camera's raw file, which begins with a preview; expected a developed photo")
    # Pillow decodes a run-length encoded BMP in Python: 5 s for LARGE_PIXELS, but 20 s for MAX_PIXELS.
    most = LARGE_PIXELS if image.tile and image.tile[0][0] == "bmp_rle" else MAX_PIXELS
    if image.width * image.height > most:
        raise ImageDecodeError(
            f"too large: {image.width:,} x {image.height:,} pixels; expected at most {most:,}"
        )
    return image
