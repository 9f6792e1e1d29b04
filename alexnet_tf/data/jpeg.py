"""JPEG files: how long one may take to decode, and a faster decoder of the usual ones.

`simplejpeg` calls libjpeg-turbo, as Pillow does, and gives the same pixels. It reads the header in C instead
of Python and makes no copy: a file of 64 pixels takes a fifth of the time, one of 500 pixels three quarters.
"""

import numpy as np
import simplejpeg

# A progressive JPEG is decoded in scans, each of which takes as long as the whole image; programs write about
# ten. A JPEG may have MAX_SCANNED / pixels scans; an image of fewer than 2**20 pixels counts as 2**20.
MAX_SCANNED, LEAST_SCANNED = 2**31, 2**20
START, SCAN = b"\xff\xd8", b"\xff\xda"
# Metadata with one of these texts may say that the image is rotated: EXIF, or the same tag in XMP.
TURNING = (b"Exif\0", b"Orientation")


def too_many_scans(data: bytes, pixels: int) -> str:
    """Why a JPEG of so many pixels takes too long to decode; an empty string if it does not."""
    most = MAX_SCANNED // max(pixels, LEAST_SCANNED)
    # In compressed data 0xff is never followed by 0xda, so these two bytes always start a scan. NumPy counts
    # the bytes 0xda first, ten times as fast as the search for both.
    scans = int(np.count_nonzero(np.frombuffer(data, np.uint8) == SCAN[1]))
    if scans > most and (scans := data.count(SCAN)) > most:
        return f"a JPEG of {scans:,} scans; expected at most {most} at its size"
    return ""


def decode_usual_jpeg(data: bytes, most_pixels: int, oriented: bool) -> np.ndarray | None:
    """Decodes a JPEG as colour cameras write it; None for all other data, which Pillow decodes or refuses.

    Args:
        data: content of a file.
        most_pixels: an image of more pixels is not decoded (None is returned).
        oriented: do not decode an image whose metadata may say that it is rotated.

    Returns:
        uint8 [height, width, 3], the pixels that Pillow gives.
    """
    if not data.startswith(START) or (oriented and any(name in data for name in TURNING)):
        return None
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(data)
        if colors != "YCbCr" or height * width > most_pixels or too_many_scans(data, height * width):
            return None
        return simplejpeg.decode_jpeg(data)
    except (ValueError, KeyError):  # KeyError for sampling without a name; Pillow decodes some of these files
        return None
