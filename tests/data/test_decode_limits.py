import math
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from alexnet_tf.data import jpeg
from alexnet_tf.data.decode import MAX_PIXELS, ImageDecodeError, decode_image, image_dimensions, read_image
from tests.data.encoded import encode, with_more_scans


def png(width: int, height: int) -> bytes:
    # Compressed row by row, so that any size takes little memory.
    row, deflate = b"\x00" + b"\xff" * (3 * width), zlib.compressobj(1)
    pixels = b"".join([*(deflate.compress(row) for _ in range(height)), deflate.flush()])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("size", [(9_000, 8_000), (100_000, 1_000), (30_000, 30_000)])
def test_images_of_too_many_pixels_are_refused_by_their_header(size):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    data = png(8, 8)[:8] + header + png(8, 8)[33:]
    with pytest.raises(ImageDecodeError, match="too large"):
        decode_image(data)


def test_a_jpeg_of_too_many_scans_is_refused(photo):
    whole = encode(photo, "JPEG", progressive=True)
    assert decode_image(with_more_scans(whole, 100)).shape == (30, 40, 3)
    with pytest.raises(ImageDecodeError, match=r"a JPEG of 3,0\d\d scans; expected at most 2048"):
        decode_image(with_more_scans(whole, 3_000))


def test_an_arithmetically_coded_jpeg_is_refused(photo):
    data = encode(photo, "JPEG")
    start = data.index(b"\xff\xc0\0\x11")
    arithmetic = data[:start] + b"\xff\xff\xc9" + data[start + 2 :]

    with pytest.raises(ImageDecodeError, match="arithmetically coded"):
        decode_image(arithmetic)


def run_length_bmp(width: int) -> bytes:
    """A run-length encoded BMP of one row of `width` pixels; its data end after the first pixel."""
    colors = b"".join(bytes([i, i, i, 0]) for i in range(256))
    header = struct.pack("<IiiHHIIiiII", 40, width, 1, 1, 8, 1, 0, 0, 0, 256, 0) + colors
    lines, start = bytes([1, 7, 0, 0, 0, 1]), 14 + len(header)
    return b"BM" + struct.pack("<IHHI", start + len(lines), 0, 0, start) + header + lines


def test_a_large_bmp_of_run_lengths_is_refused_by_its_header():
    assert decode_image(run_length_bmp(9))[0, :, 0].tolist() == [7] + [0] * 8
    # Decoding a run-length encoded BMP of MAX_PIXELS, the limit for other files, would take 20 s.
    with pytest.raises(ImageDecodeError, match="too large"):
        decode_image(run_length_bmp(MAX_PIXELS))


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    # Pillow would read a whole WebP to find the size of the image.
    (tmp_path / "large").write_bytes(encode(Image.new("RGB", (9, 9)), "WEBP"))
    os.truncate(tmp_path / "large", 10**10)
    with pytest.raises(ImageDecodeError, match="a file of 10,000,000,000 bytes"):
        read_image(tmp_path / "large")
    refused = pytest.raises(ImageDecodeError, match="10,000,000,000 bytes")
    with open(tmp_path / "large", "rb") as file, refused:
        image_dimensions(file)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe1\0\x09Exif\0\0\0" * 5_000,
        b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + b"!\xfe\x01x\0" * 5_000,
        png(8, 8)[:33] + chunk(b"prIv") * 5_000 + png(8, 8)[33:],
        png(8, 8)[:33] + chunk(b"IDAT") * 300_000 + png(8, 8)[33:],
    ],
    ids=["EXIF", "comments", "private chunks", "empty pixels"],
)
def test_a_file_of_very_many_parts_is_refused(data):
    with pytest.raises(ImageDecodeError, match="too many parts"):
        decode_image(data, oriented=True)


DECODE_ALL = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from alexnet_tf.data.decode import decode_image
from alexnet_tf.data.scaling import central_square
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda _: central_square(decode_image(data), 8), range(int(sys.argv[2]))))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_maxrss - before, usage.ru_utime + usage.ru_stime)
"""


def decoding(path: Path, count: int) -> tuple[float, float]:
    """(growth of peak memory in KiB, CPU seconds) of 8 threads that decode and scale a file `count` times."""
    arguments = [sys.executable, "-c", DECODE_ALL, str(path), str(count)]
    kibibytes, seconds = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    return float(kibibytes), float(seconds)


@pytest.mark.slow
def test_large_images_are_decoded_one_at_a_time(tmp_path):
    (tmp_path / "large.png").write_bytes(png(8_000, 4_000))
    kibibytes, seconds = decoding(tmp_path / "large.png", 8)

    # Decoding eight images at once would take 2.6 GB. They are decoded one at a time, but up to eight decoded
    # images of 96 MB are scaled at once.
    assert kibibytes < 1.5e6
    assert seconds < 80


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"progressive": True}), ("WEBP", {"quality": 10, "method": 0})]
)
def test_the_largest_image_takes_bounded_memory_and_time(tmp_path, kind, options):
    # Of eleven kinds of files, the JPEG took the most time, 3.4 s, and the WebP the most memory, 1.2 GB.
    # A TIFF of progressive JPEGs took 7 s, but on a busy machine.
    side = math.isqrt(MAX_PIXELS)
    mode = "CMYK" if kind == "JPEG" else "RGB"
    data = encode(Image.linear_gradient("L").resize((side, side)).convert(mode), kind, **options)
    if kind == "JPEG":
        data = with_more_scans(data, jpeg.MAX_SCANNED // MAX_PIXELS - data.count(jpeg.SCAN))
    (tmp_path / "largest").write_bytes(data)
    kibibytes, seconds = decoding(tmp_path / "largest", 1)
    assert kibibytes < 1.5e6
    assert seconds < 10
