"""Reads the images of a TFDS set. TFDS's decoder has no limits, so each header is checked first."""

import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from alexnet_tf.data import jpeg
from alexnet_tf.data.decode import MAX_BYTES, MAX_PIXELS, ImageDecodeError, decoded, open_image
from alexnet_tf.data.scaling import ImageShape
from alexnet_tf.data.selection import Split
from alexnet_tf.data.sources.tfds_fetch import one_line

# Images decoded at a time, enough to keep all cores busy.
CHUNK = 512

# The beginning of a PNG, up to its width and height.
PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def make_decoder(feature: Any, shape: tuple[int, int, int]) -> Callable[[list[bytes]], np.ndarray]:
    """Returns a function that decodes a list of images of one size with TFDS's decoder.

    The function raises an ImageDecodeError for an image that has another size, exceeds a limit, or is a GIF.
    """
    import tensorflow as tf

    as_expected = PNG_START + struct.pack(">2I", shape[1], shape[0])
    in_graph = tf.function(
        lambda chunk: tf.map_fn(feature.decode_example, chunk, fn_output_signature=tf.uint8)
    )

    def decode(encoded: list[bytes]) -> np.ndarray:
        for data in encoded:
            if not data.startswith(as_expected) and (size := _checked_size(data)) != shape[:2]:
                sides = [f"{height}x{width}" for height, width in (size, shape[:2])]
                raise ImageDecodeError(f"an image of {sides[0]} pixels in a set of images of {sides[1]}")
        with tf.device("CPU:0"):
            return in_graph(tf.constant(encoded)).numpy()

    return decode


def decode_as_tfds(feature: Any, data: bytes) -> np.ndarray:
    """Decodes an image with TFDS's decoder; its pixels equal those of a set in memory.

    Raises:
        ImageDecodeError: if the image is damaged, exceeds a limit, or is a GIF.
    """
    import tensorflow as tf

    _checked_size(data)
    try:
        with tf.device("CPU:0"):
            return feature.decode_example(data).numpy()
    except tf.errors.OpError as error:
        raise ImageDecodeError(f"damaged image: {one_line(error)[:200]}") from None


def _checked_size(data: bytes) -> tuple[int, int]:
    """(height, width) of an image; raises an ImageDecodeError for a GIF or an image above a limit."""
    header = jpeg.usual_header(data) if len(data) <= MAX_BYTES else None
    if header and header[0] * header[1] <= MAX_PIXELS:
        return header[:2]
    image = open_image(data)
    if image.format == "GIF":
        raise ImageDecodeError("a GIF, of which TFDS would decode all frames instead of one")
    return image.height, image.width


def read_split(
    builder: Any,
    split: str,
    keys: tuple[str, str],
    target: ImageShape,
    decode_chunk: Callable[[list[bytes]], np.ndarray] | None,
    quarantine: list[tuple[str, str]],
) -> Split:
    """Reads a split into memory: (images, labels).

    With `decode_chunk`, images keep their size, and one that cannot be decoded is an error. Without it, they
    are scaled (paper, section 2), and those that cannot be decoded are added to `quarantine`.
    """
    count = builder.info.splits[split].num_examples
    images, labels = np.empty((count, *target.shape), np.uint8), np.empty(count, np.int64)

    def fill(row: int, data: bytes) -> str:
        try:
            images[row] = target.apply(decoded(data, channels=target.shape[2]))
        except ImageDecodeError as error:
            return str(error)
        return ""

    reasons: list[str] = []
    with ThreadPoolExecutor() as pool:
        for encoded, chunk_labels in _encoded_chunks(builder, split, *keys):
            start, end = len(reasons), len(reasons) + len(encoded)
            labels[start:end] = chunk_labels
            if decode_chunk:
                images[start:end] = decode_chunk(encoded)
                reasons += [""] * len(encoded)
            else:
                reasons += pool.map(fill, range(start, end), encoded)
    if not any(reasons):
        return images, labels
    quarantine += [(f"{split}, example {row}", reason) for row, reason in enumerate(reasons) if reason]
    readable = np.array([not reason for reason in reasons])
    return images[readable], labels[readable]


def _encoded_chunks(
    builder: Any, split: str, image_key: str, label_key: str
) -> Iterator[tuple[list[bytes], np.ndarray]]:
    import tensorflow_datasets as tfds

    decoders = tfds.decode.PartialDecoding(
        {image_key: True, label_key: True}, decoders={image_key: tfds.decode.SkipDecoding()}
    )
    for chunk in tfds.as_numpy(builder.as_dataset(split=split, batch_size=CHUNK, decoders=decoders)):
        yield list(chunk[image_key]), chunk[label_key]
