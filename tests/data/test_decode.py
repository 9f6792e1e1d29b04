import contextlib
import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageOps

from alexnet_tf.data.decode import FORMATS, ImageDecodeError, decode_image, image_dimensions
from tests.data.encoded import encode, held


@pytest.mark.parametrize(("file_format", "tolerance"), [("PNG", 0), ("BMP", 0), ("JPEG", 16)])
def test_pixels_and_size_of_colour_images_are_read(photo, file_format, tolerance):
    data = encode(photo, file_format)
    pixels = decode_image(data)
    assert (pixels.shape, pixels.dtype) == ((30, 40, 3), np.uint8)
    np.testing.assert_allclose(pixels, np.asarray(photo), atol=tolerance)
    assert image_dimensions(io.BytesIO(data)) == (30, 40)


def test_a_decoded_jpeg_has_the_same_pixels_as_in_tensorflow(photo):
    import tensorflow as tf

    data = encode(photo, "JPEG", quality=60)
    expected = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()
    np.testing.assert_array_equal(decode_image(data), expected)


def test_cmyk_jpeg_becomes_rgb(photo):
    cmyk = encode(photo.convert("CMYK"), "JPEG", quality=95)
    assert Image.open(io.BytesIO(cmyk)).mode == "CMYK"
    # Inverted values, the usual mistake, would differ by up to 255.
    np.testing.assert_allclose(decode_image(cmyk), np.asarray(photo), atol=16)


def test_grey_images_have_equal_channels(photo):
    grey = photo.convert("L")
    pixels = decode_image(encode(grey, "PNG"))
    for channel in range(3):
        np.testing.assert_array_equal(pixels[..., channel], np.asarray(grey))
    np.testing.assert_array_equal(decode_image(encode(photo, "PNG"), channels=1)[..., 0], np.asarray(grey))


def test_sixteen_bit_grey_keeps_its_upper_byte():
    values = np.array([[0, 255, 256], [32768, 65279, 65535]], np.uint16)
    pixels = decode_image(encode(Image.fromarray(values), "PNG"))
    np.testing.assert_array_equal(pixels[..., 0], values >> 8)


def test_transparency_is_dropped(photo):
    photo.putalpha(0)
    np.testing.assert_array_equal(decode_image(encode(photo, "PNG")), np.asarray(photo)[..., :3])
    palette = encode(photo.convert("RGB").quantize(8), "PNG", transparency=bytes(8))
    assert decode_image(palette).max() > 0


def test_an_animation_is_decoded_to_its_first_frame():
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode_image(data)[0, 0], [255, 0, 0])


DECODE = """
import sys
from alexnet_tf.data.decode import ImageDecodeError, decode_image, read_image
for path in sys.argv[1:]:
    try:
        print(decode_image(read_image(path), oriented=True).shape)
    except ImageDecodeError as error:
        print(error)
"""


def test_decoders_print_nothing_about_damaged_and_large_files(photo, tmp_path):
    jpeg = encode(photo, "JPEG", exif=held(6))
    entries = jpeg.index(b"Exif") + 10
    tiff = bytearray(encode(photo, "TIFF", compression="tiff_deflate"))
    tiff[100] ^= 1
    files = [tmp_path / name for name in ("a.jpg", "b.tif", "c.tif", "d.bmp")]
    files[0].write_bytes(jpeg[:entries] + b"\xff" * 4 + jpeg[entries + 4 :])
    files[1].write_bytes(tiff)
    samples = struct.pack("<HHI", 277, 3, 1)
    files[2].write_bytes(encode(photo, "TIFF").replace(samples + b"\3\0", samples + b"\0\7"))
    bmp = encode(photo, "BMP")
    # Pillow warns of more than 89 million pixels.
    files[3].write_bytes(bmp[:18] + struct.pack("<ii", 100_000, 1_000) + bmp[26:])

    command = [sys.executable, "-W", "default", "-c", DECODE, *map(str, files)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "(30, 40, 3)"
    for line, reason in zip(lines[1:], ("damaged TIFF", "not a JPEG", "too large"), strict=True):
        assert reason in line


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))  # 1 to 8 have a meaning
def test_exif_orientation_is_applied_if_asked_for(photo, kind, orientation):
    data = encode(photo, kind, exif=held(orientation))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    np.testing.assert_array_equal(decode_image(data, oriented=True), expected)
    assert image_dimensions(io.BytesIO(data), oriented=True) == expected.shape[:2]
    assert decode_image(data).shape == (30, 40, 3)


def test_a_rotated_tiff_has_the_size_that_its_header_gives(photo):
    data = encode(photo, "TIFF", exif=held(6))
    assert decode_image(data, oriented=True).shape == (40, 30, 3)
    assert image_dimensions(io.BytesIO(data), oriented=True) == (40, 30)


def test_heic_is_read_and_rotated_if_pillow_heif_is_installed(photo):
    pytest.importorskip("pillow_heif", reason="needs the extra heic")
    found = decode_image(encode(photo, "HEIF", quality=-1, exif=held(6)), oriented=True)
    expected = np.asarray(photo.convert("RGB").transpose(Image.Transpose.ROTATE_270))
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_damaged_exif_is_ignored(photo):
    assert decode_image(encode(photo, "JPEG", exif=b"Exif\0\0II*\0junk"), oriented=True).shape == (30, 40, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"not an image\n", "not a JPEG, PNG, BMP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG, PNG, BMP"),
        (encode(Image.new("RGB", (9, 9)), "PPM"), "not a JPEG, PNG, BMP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF image" if "HEIF" in FORMATS else "pillow-heif"),
        (encode(Image.new("F", (9, 9)), "TIFF"), "a TIFF of 32-bit values"),
        (encode(Image.effect_noise((64, 64), 50), "JPEG")[:-200], "damaged JPEG: image file is truncated"),
        (encode(Image.effect_noise((64, 64), 50), "PNG")[:-200], "damaged PNG: "),
    ],
)
def test_files_that_are_no_images_are_refused_with_the_reason(data, reason):
    with pytest.raises(ImageDecodeError, match=reason):
        decode_image(data)


def test_damaged_files_raise_no_other_error_than_image_decode_error(photo):
    rng = np.random.default_rng(0)
    for file_format in ("JPEG", "PNG", "BMP", "GIF"):
        sound = np.frombuffer(encode(photo, file_format), np.uint8)
        for _ in range(200):
            data = sound[: rng.integers(len(sound) + 1)].copy()
            places = rng.integers(30, max(31, len(data)), 4)
            data[places[places < len(data)]] = rng.integers(256)
            with contextlib.suppress(ImageDecodeError):
                assert decode_image(data.tobytes()).shape[2] == 3
