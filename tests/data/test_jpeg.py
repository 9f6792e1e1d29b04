import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from alexnet_tf.data import jpeg
from alexnet_tf.data.decode import MAX_PIXELS
from tests.data.encoded import encode, held


@pytest.mark.parametrize("is_progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["444", "422", "420", "411", "440"])
def test_usual_jpeg_is_decoded_as_pillow_does(photo, subsampling, is_progressive):
    picture = photo.crop((0, 0, 39, 29))
    data = simplejpeg.encode_jpeg(np.array(picture), colorsubsampling=subsampling)
    if is_progressive:
        data = encode(Image.open(io.BytesIO(data)), "JPEG", subsampling="keep", progressive=True)
    found = jpeg.decode_usual_jpeg(data, MAX_PIXELS, oriented=True)
    np.testing.assert_array_equal(found, np.asarray(Image.open(io.BytesIO(data))))


def test_unusual_jpegs_are_left_to_pillow(photo):
    data = encode(photo, "JPEG")
    unusual = [
        data[:-200],
        encode(photo, "JPEG", subsampling="4:2:0").replace(b"\x01\x22\0", b"\x01\x14\0"),  # 1 x 4 samples
        encode(photo.convert("CMYK"), "JPEG"),
        encode(photo.convert("L"), "JPEG"),
        encode(photo, "JPEG", exif=held(6)),
        encode(photo, "JPEG", xmp=b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'),
        encode(photo, "PNG"),
    ]
    for other in unusual:
        assert jpeg.decode_usual_jpeg(other, MAX_PIXELS, oriented=True) is None
    assert jpeg.decode_usual_jpeg(data, 30 * 40 - 1, oriented=False) is None


def test_the_header_of_a_usual_jpeg_gives_its_size_and_colours(photo, monkeypatch):
    assert jpeg.usual_header(encode(photo.resize((40, 30)), "JPEG")) == (30, 40, "YCbCr")
    assert jpeg.usual_header(encode(photo.convert("L"), "JPEG")) == (photo.height, photo.width, "Gray")
    progressive = encode(photo, "JPEG", progressive=True)
    assert jpeg.usual_header(progressive) is not None
    assert jpeg.usual_header(encode(photo, "PNG")) is None
    assert jpeg.usual_header(progressive[:20]) is None
    monkeypatch.setattr(jpeg, "MAX_SCANNED", jpeg.LEAST_SCANNED)
    assert jpeg.usual_header(progressive) is None
