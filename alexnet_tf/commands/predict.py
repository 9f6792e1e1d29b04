"""`alexnet_tf predict`: the most probable classes of image files."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from keras import ops

from alexnet_tf.checkpoints.saved import load_trained
from alexnet_tf.commands.evaluate import averaged
from alexnet_tf.data.decode import ImageDecodeError, read_image
from alexnet_tf.data.sources.class_words import read_words
from alexnet_tf.figures.of_images import check_figure, draw_files
from alexnet_tf.models.imagenet import Prediction, decode_predictions
from alexnet_tf.runtime.errors import printable

SHOWN_CLASSES = 5


def run(options: argparse.Namespace) -> int:
    """Prints a line for each file; returns the exit status, 1 if no file is readable."""
    words = read_words(options.words) if options.words else None
    if options.figure:
        check_figure(options.figure, options.files)
    predictions = predict_files(options.checkpoint, options.files, options.views)
    if options.figure:
        draw_files(options.figure, predictions, words)
    failed = 0
    if options.json:
        rows = [
            {"path": str(path), "error": found}
            if isinstance(found, str)
            else {"path": str(path), "classes": [{"name": name, "probability": p} for name, p in found]}
            for path, found in predictions
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return int(all("error" in row for row in rows))
    for path, prediction in predictions:
        if isinstance(prediction, str):
            failed += 1
            print(printable(f"{path}: not readable: {prediction}"))
            continue
        best = "  ".join(f"{name} {probability:.1%}" for name, probability in prediction)
        print(printable(f"{path}: {best}"))
    return int(failed == len(predictions))


def predict_files(
    checkpoint: Path, files: Sequence[Path], views: int = 1
) -> list[tuple[Path, Prediction | str]]:
    """The most probable classes of image files.

    Returns:
        For each file its five most probable classes as (class name, probability), or the reason why the file
        is not readable.
    """
    net = load_trained(checkpoint)
    model = averaged([net], views)
    predictions: list[tuple[Path, Prediction | str]] = []
    for path in files:
        try:
            image = net.preprocess(read_image(path))
        except (OSError, ImageDecodeError) as error:
            predictions.append((path, getattr(error, "strerror", None) or str(error)))
            continue
        probabilities = ops.softmax(model(image[np.newaxis]))
        (best,) = decode_predictions(probabilities, SHOWN_CLASSES, net.class_names)
        predictions.append((path, [(name, score) for name, _, score in best]))
    return predictions
