"""`alexnet export`: a trained network as a SavedModel or an ONNX file."""

import argparse
import importlib.util
import json
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import __version__
from alexnet_tf.checkpoints.saved import Trained, input_wanted, load_trained
from alexnet_tf.checkpoints.trained_files import folder_of
from alexnet_tf.commands.cards import data_card, model_card
from alexnet_tf.commands.import_weights import whole_folder
from alexnet_tf.data.orientation import ORIENTATION
from alexnet_tf.data.scaling import Method
from alexnet_tf.layers.response_normalization import portable_operations
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_bytes, write_text
from alexnet_tf.runtime.reading import read_json

OPSET = 17
# Pillow's weights of red, green and blue in a grey level, times 2^16.
GREY_WEIGHTS = (19595, 38470, 7471)


def run(options: argparse.Namespace) -> int:
    if options.format == "onnx" and importlib.util.find_spec("tf2onnx") is None:
        raise InputError(
            "--format onnx: expected the package tf2onnx, which is not installed: pip install "
            "tf2onnx (or the extra `export` of this package)"
        )
    with whole_folder(options.out) as folder:
        net = load_trained(options.checkpoint)
        about = read_json(folder_of(options.checkpoint) / "model.json")
        WRITERS[options.format](net, folder)
        write_text(folder / "class_names.txt", "".join(f"{name}\n" for name in net.class_names))
        write_text(folder / "model_card.md", model_card(net, about, options.format, options.checkpoint))
        write_text(folder / "data_card.md", data_card(net, about))
    for path in sorted(options.out.iterdir()):
        print(path)
    return 0


def write_saved_model(net: Trained, folder: Path) -> None:
    """Writes a SavedModel whose default signature takes the bytes of image files.

    Signatures:
        serving_default: `image_bytes`, strings [n]: JPEG, PNG, BMP or GIF files.
        pixels: `pixels`, float32 [n, height, width, channels], 0..255, of the network's image size.

    Both return `probabilities` and `logits` [n, classes], and `class_names` [classes].
    """
    classify = classifier(net)
    module = tf.Module()
    module.weights = [weight.value for weight in net.model.variables]

    def with_names(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**classify(pixels), "class_names": tf.constant(net.class_names)}

    def of_files(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = tf.TensorSpec(net.image_shape, tf.float32)
        decode = partial(decoded, shape=net.image_shape, method=net.config.data.scaling)
        pixels = tf.map_fn(decode, image_bytes, fn_output_signature=spec)
        return with_names(pixels)

    with portable_operations():
        module.of_files = tf.function(of_files, input_signature=[tf.TensorSpec([None], tf.string)])
        module.of_pixels = tf.function(with_names, input_signature=[pixel_spec(net)])
        signatures = {
            "serving_default": module.of_files.get_concrete_function(),
            "pixels": module.of_pixels.get_concrete_function(),
        }
        # Within the context, because saving traces the functions again.
        tf.saved_model.save(module, str(folder), signatures)


def write_onnx(net: Trained, folder: Path) -> None:
    """Writes model.onnx, from `pixels` to `probabilities` and `logits` [n, classes].

    `pixels` is float32 [n, height, width, channels], 0..255. ONNX cannot decode JPEG files, so the caller
    decodes, scales and crops images to the network's image size.
    """
    import tf2onnx
    from keras.src.export.tf2onnx_lib import patch_tf2onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        patch_tf2onnx()  # for NumPy 2
    with portable_operations():
        model, _ = tf2onnx.convert.from_function(
            tf.function(classifier(net)), input_signature=[pixel_spec(net)], opset=OPSET
        )
    facts = {"class_names": list(net.class_names), "input": input_wanted(net)}
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=json.dumps(value, ensure_ascii=False))
    model.producer_name, model.producer_version = "alexnet_tf", __version__
    write_bytes(folder / "model.onnx", model.SerializeToString())


WRITERS: dict[str, Callable[[Trained, Path], None]] = {"saved-model": write_saved_model, "onnx": write_onnx}


def pixel_spec(net: Trained) -> tf.TensorSpec:
    return tf.TensorSpec([None, *net.image_shape], tf.float32, name="pixels")


def classifier(net: Trained) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """The function from pixels [n, height, width, channels], 0..255, to probabilities and logits.

    The layers of `net.model` are set to float32, because other runtimes do not have Keras's mixed precision.
    """
    mean = np.asarray(net.statistics.mean_image, np.float32)
    data = net.config.data
    divisor = net.statistics.stddev if data.input_scale == "unit" else 1.0
    side = net.model.input.shape[1]
    for layer in net.model.layers:
        layer.dtype_policy = keras.DTypePolicy("float32")
    start = (net.image_shape[0] + 2 * data.pad - side) // 2

    def classify(pixels: tf.Tensor) -> dict[str, Any]:
        images = (pixels - mean) / divisor
        if data.pad:
            images = tf.pad(images, [[0, 0], [data.pad] * 2, [data.pad] * 2, [0, 0]])
        logits = net.model(images[:, start : start + side, start : start + side], training=False)
        return {"probabilities": keras.ops.softmax(logits), "logits": logits}

    return classify


def decoded(data: tf.Tensor, shape: tuple[int, int, int], method: Method) -> tf.Tensor:
    """Decodes an image file's content to pixels of this `shape`, like `alexnet predict`.

    The pixels differ by at most one grey level from those in `Trained.preprocess`, except that transparent
    pixels of a GIF become black.
    """
    size, _, channels = shape
    # For one channel, TensorFlow would refuse a BMP or a GIF, and weight a PNG's colours in another way.
    image = tf.cond(
        tf.io.is_jpeg(data),
        lambda: tf.io.decode_jpeg(data, 3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(data, 3, expand_animations=False),
    )
    image = upright(in_colors(image, data), data)
    if channels == 1:
        weighted = tf.cast(image, tf.int32) * GREY_WEIGHTS
        image = tf.cast((tf.reduce_sum(weighted, -1, keepdims=True) + 2**15) // 2**16, tf.uint8)
    lengths = tf.shape(image)[:2]
    # As in `central_square`, `bilinear` crops in whole pixels before it scales.
    if method == "bilinear":
        side = tf.reduce_min(lengths)
        top, left = tf.unstack((lengths - side) // 2)
        image, lengths = image[top : top + side, left : left + side], tf.stack([side, side])
    scaled = tf.maximum(size, tf.cast(tf.round(lengths * size / tf.reduce_min(lengths)), tf.int32))
    square = tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=(size, size),
        scale=tf.cast(scaled / lengths, tf.float32),
        translation=-tf.cast((scaled - size) // 2, tf.float32),
        kernel_type="triangle",
        antialias=method == "antialiased",
    )
    return tf.ensure_shape(tf.round(square[0]), shape)


def in_colors(image: tf.Tensor, data: tf.Tensor) -> tf.Tensor:
    """The image with the colours of its palette if `data` is a BMP of 8 bits per pixel.

    TensorFlow takes the numbers of these colours for grey levels.
    """
    # 14 bytes, a header of 40 to 124 bytes, whose first byte is its length, and four bytes for each colour.
    start = tf.io.decode_raw(tf.strings.substr(data, 0, 2**11), tf.uint8, fixed_length=2**11)
    first = 14 + tf.cast(start[14], tf.int32)
    palette = tf.reshape(start[first : first + 4 * 256], [-1, 4])[:, 2::-1]
    is_indexed = tf.reduce_all(start[:2] == tf.constant([*b"BM"], tf.uint8)) & (start[28] == 8)
    return tf.cond(is_indexed, lambda: tf.gather(palette, tf.cast(image[..., 0], tf.int32)), lambda: image)


def upright(image: tf.Tensor, data: tf.Tensor) -> tf.Tensor:
    """Rotates or mirrors an image by the EXIF orientation in its file's content `data`.

    TensorFlow has no such operation. Of JPEG, PNG, BMP and GIF files, only JPEG and PNG have EXIF data.
    """
    # EXIF data have the form of a TIFF file: the byte order, then the offset of a list. The list starts with
    # the number of its entries; each entry has 12 bytes.
    mark = tf.where(tf.io.is_jpeg(data), b"Exif\0\0", b"eXIf")
    parts = tf.strings.split(tf.strings.substr(data, 0, 2**16), mark, maxsplit=1)
    tiff = tf.cast(tf.io.decode_raw(parts[-1], tf.uint8, fixed_length=2**16), tf.int32)

    def number(digits: tf.Tensor) -> tf.Tensor:
        powers = 256 ** tf.range(tf.shape(digits)[-1])
        return tf.reduce_sum(digits * tf.where(tiff[0] == ord("M"), powers[::-1], powers), -1)

    start = tf.clip_by_value(number(tiff[4:8]), 0, 2**15)
    count = tf.minimum(number(tiff[start : start + 2]), 2**11)
    entries = tf.reshape(tiff[start + 2 : start + 2 + 12 * count], [-1, 12])
    value = tf.reduce_sum(tf.where(number(entries[:, :2]) == ORIENTATION, number(entries[:, 8:10]), 0))
    value = tf.where(tf.size(parts) > 1, value, 0)
    image = tf.cond((value >= 5) & (value <= 8), lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    image = tf.cond(tf.reduce_any(value == [2, 3, 6, 7]), lambda: image[:, ::-1], lambda: image)
    return tf.cond(tf.reduce_any(value == [3, 4, 7, 8]), lambda: image[::-1], lambda: image)
