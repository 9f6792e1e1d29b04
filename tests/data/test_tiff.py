import io
import struct

import pytest
from PIL import Image, TiffImagePlugin

from alexnet_tf.data.decode import ImageDecodeError, decode_image, image_dimensions
from tests.data.encoded import encode, with_more_scans


@pytest.mark.parametrize(
    ("kind", "tag", "count", "value", "words"),
    [
        ("H", 258, 2**21, 8, "2,097,152 values of the tag 258"),
        ("I", 0x0142, 1, 2**14, "tiles of 16,384 x 16,384 pixels"),
        ("H", 0x0142, 1, 2**14, "tiles of 16,384 x 16,384 pixels"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_small_tiffs_that_declare_large_parts_are_refused(order, kind, tag, count, value, words):
    number = {"H": 3, "I": 4}[kind]
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    fields = [(tag, number, count, value), (0x0143, number, 1, 2**14)]
    packed = [struct.pack(order + "HHI" + kind, *field).ljust(12, b"\0") for field in fields]
    with pytest.raises(ImageDecodeError, match=words):
        decode_image(start + struct.pack(order + "H", len(fields)) + b"".join(packed) + bytes(4))


def test_a_tiff_may_have_a_colour_profile_of_any_length():
    data = encode(Image.new("RGB", (5, 4)), "TIFF", icc_profile=bytes(2**21))
    assert decode_image(data).shape == (4, 5, 3)


@pytest.mark.parametrize(
    ("kind", "others", "is_refused"), [(1, True, True), (1, False, False), (0, True, False)]
)
def test_the_preview_in_a_raw_file_of_a_camera_is_refused(photo, kind, others, is_refused):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = kind
    if others:
        tags[330] = 8
    data = encode(photo, "TIFF", tiffinfo=tags)
    if not is_refused:
        assert decode_image(data).shape == (30, 40, 3)
        return
    for read in (decode_image, lambda data: image_dimensions(io.BytesIO(data))):
        with pytest.raises(ImageDecodeError, match=r"^a camera's raw file, which begins with a preview"):
            read(data)


def test_a_tiff_that_contains_a_jpeg_of_many_scans_is_refused(photo):
    data, tags = encode(photo, "TIFF", compression="jpeg"), (273, 279)
    found = Image.open(io.BytesIO(data)).tag_v2
    for scans in (0, 50):
        jpeg = with_more_scans(encode(photo, "JPEG", progressive=True, subsampling=0), scans)
        whole = data + jpeg
        for tag, value in zip(tags, (len(data), len(jpeg)), strict=True):
            field = struct.pack("<HHI", tag, found.tagtype[tag], 1)
            place = whole.index(field) + len(field)
            whole = whole[:place] + struct.pack("<I", value) + whole[place + 4 :]
        if not scans:
            assert decode_image(whole).shape == (30, 40, 3)
    with pytest.raises(ImageDecodeError, match="damaged TIFF"):
        decode_image(whole)
