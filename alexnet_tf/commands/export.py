"""`alexnet export`: a trained network as a SavedModel or an ONNX file that needs none of this project's code.

Mean, scale, crop, softmax and class names are inside. Response normalisation is traced as single operations,
because an XLA cluster would need a server with XLA and has no counterpart in ONNX.
"""

import argparse
import importlib.util
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf import __version__
from alexnet_tf.checkpoints.saved import Trained, input_wanted, load_trained
from alexnet_tf.checkpoints.trained_files import folder_of
from alexnet_tf.commands.cards import data_card, model_card
from alexnet_tf.commands.import_weights import check_out, whole_folder
from alexnet_tf.layers.response_normalization import portable_operations
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_bytes, write_text

OPSET = 17


def run(options: argparse.Namespace) -> int:
    """Writes the exported network and its cards to `--out`, and prints the files."""
    if options.format == "onnx" and importlib.util.find_spec("tf2onnx") is None:
        raise InputError(
            "--format onnx: expected the package tf2onnx, which is not installed: pip install "
            "tf2onnx (or the extra `export` of this package)"
        )
    check_out(options.out)
    net = load_trained(options.checkpoint)
    about = json.loads((folder_of(options.checkpoint) / "model.json").read_text("utf-8"))
    with whole_folder(options.out) as folder:
        WRITERS[options.format](net, folder)
        write_text(folder / "class_names.txt", "".join(f"{name}\n" for name in net.class_names))
        write_text(folder / "model_card.md", model_card(net, about, options.format))
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
        pixels = tf.map_fn(lambda data: decoded(data, net.image_shape), image_bytes, fn_output_signature=spec)
        return with_names(pixels)

    def of_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return with_names(pixels)

    with portable_operations():
        module.of_files = tf.function(of_files, input_signature=[tf.TensorSpec([None], tf.string)])
        module.of_pixels = tf.function(of_pixels, input_signature=[pixel_spec(net)])
        signatures = {
            "serving_default": module.of_files.get_concrete_function(),
            "pixels": module.of_pixels.get_concrete_function(),
        }
        # Saving traces the functions once more.
        tf.saved_model.save(module, str(folder), signatures)


def write_onnx(net: Trained, folder: Path) -> None:
    """Writes model.onnx: from `pixels` [n, height, width, channels], 0..255, to `probabilities` and `logits`.

    ONNX has no decoder of JPEG, so an image has to be scaled and cropped to the network's image size first.
    The file's metadata has the class names and what the network wants of its input, as JSON.
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
    """Images of the network's size: [n, height, width, channels], 0..255."""
    return tf.TensorSpec([None, *net.image_shape], tf.float32, name="pixels")


def classifier(net: Trained) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """The function from pixels [n, height, width, channels], 0..255, to probabilities and logits.

    It does what `Trained.preprocess` does after decoding, then takes the central crop.
    """
    mean = np.asarray(net.statistics.mean_image, np.float32)
    data = net.config.data
    divisor = net.statistics.stddev if data.input_scale == "unit" else 1.0
    side = net.model.input.shape[1]
    for layer in net.model.layers:
        # Other runtimes have no mixed precision of Keras.
        layer.dtype_policy = keras.DTypePolicy("float32")
    start = (net.image_shape[0] + 2 * data.pad - side) // 2

    def classify(pixels: tf.Tensor) -> dict[str, Any]:
        images = (pixels - mean) / divisor
        if data.pad:
            images = tf.pad(images, [[0, 0], [data.pad] * 2, [data.pad] * 2, [0, 0]])
        logits = net.model(images[:, start : start + side, start : start + side], training=False)
        return {"probabilities": keras.ops.softmax(logits), "logits": logits}

    return classify


def decoded(data: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    """The pixels of an image file, shorter side scaled, central square; nearly those of `central_square`.

    Args:
        data: scalar string.
        shape: (height, width, channels) of the result.
    """
    size, _, channels = shape
    image = tf.io.decode_image(data, channels=channels, expand_animations=False)
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    shorter = tf.minimum(height, width)
    square = image[(height - shorter) // 2 :, (width - shorter) // 2 :][:shorter, :shorter]
    scaled = tf.image.resize(square, (size, size), antialias=True)
    return tf.ensure_shape(tf.round(scaled), shape)
