"""Limits on the parts of a TIFF, which can be large although the image is small; previews in TIFFs."""

import struct
from typing import Any, BinaryIO

STARTS = (b"II", b"MM")
SUBFILE_TYPE, SUB_IFDS, REDUCED = 254, 330, 1
TILE_WIDTH, TILE_LENGTH = 0x0142, 0x0143
SHORT = 3
# Field types (byte, text, undefined): Pillow keeps all values of such a field in one object. Their number is
# not limited, because a colour profile has millions.
BYTES = (1, 2, 7)
# Pillow creates an object for each field, and for each value of the other types. An image of `MAX_PIXELS`
# (2**26) has 2**18 tiles of 16 x 16 pixels, and a field with one value for each tile.
MOST_FIELDS, MOST_VALUES = 2**12, 2**18


def too_much_to_read(file: BinaryIO, most_pixels: int) -> str:
    """The reason to refuse a TIFF with too many fields or values or too large tiles; empty for others."""
    start = file.read(16)
    if start[:2] not in STARTS:
        file.seek(0)
        return ""
    # Like Pillow, this recognises a BigTIFF only if it is little-endian.
    order, is_big = "<" if start[:2] == STARTS[0] else ">", start[2:3] == b"\x2b"
    number, field = (order + "Q", order + "HHQQ") if is_big else (order + "H", order + "HHII")
    try:
        file.seek(struct.unpack_from(order + ("Q" if is_big else "I"), start, 8 if is_big else 4)[0])
        (fields,) = struct.unpack(number, file.read(struct.calcsize(number)))
        if fields > MOST_FIELDS:
            return f"a TIFF with a directory of {fields:,} fields; expected at most {MOST_FIELDS:,}"
        content = file.read(fields * struct.calcsize(field))
        sides = {TILE_WIDTH: 0, TILE_LENGTH: 0}
        for tag, kind, count, value in struct.iter_unpack(field, content):
            if count > MOST_VALUES and kind not in BYTES:
                return f"a TIFF with {count:,} values of the tag {tag}; expected at most {MOST_VALUES:,}"
            if tag in sides:
                # A value of two bytes is stored in the first two bytes of the field's value.
                value = (value >> 16 if order == ">" else value & 0xFFFF) if kind == SHORT else value
                sides[tag] = max(sides[tag], value)
    except (struct.error, OSError, OverflowError, ValueError):
        return ""  # truncated or damaged; the decoder reports it
    finally:
        file.seek(0)
    width, height = sides.values()
    if width * height > most_pixels:
        return f"a TIFF of tiles of {width:,} x {height:,} pixels; expected at most {most_pixels:,}"
    return ""


def is_preview(image: Any) -> bool:
    """Whether Pillow's image of a TIFF is only a preview of other images in the file.

    The raw files of many cameras (DNG, NEF, ARW) are such TIFFs.
    """
    return image.tag_v2.get(SUBFILE_TYPE) == REDUCED and SUB_IFDS in image.tag_v2
