"""`alexnet predict`: the most probable classes of image files."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from alexnet_tf.checkpoints.saved import Trained, load_trained
from alexnet_tf.commands.evaluate import averaged
from alexnet_tf.commands.image_files import read_batches
from alexnet_tf.data.sources.class_words import read_words, readable_names
from alexnet_tf.figures.of_images import check_figure, draw_files
from alexnet_tf.models.imagenet import Prediction, decode_predictions
from alexnet_tf.results.csv_rows import check_csv_place, to_csv
from alexnet_tf.runtime.errors import printable
from alexnet_tf.runtime.files import write_text

SHOWN_CLASSES = 5
COLUMNS = ("path", "rank", "class", "words", "probability")


def run(options: argparse.Namespace) -> int:
    """Returns 1 if no file is readable."""
    words = read_words(options.words) if options.words else None
    files = options.files
    if options.figure:
        check_figure(options.figure, files)
    if options.csv:
        check_csv_place(options.csv, COLUMNS)
    net = load_trained(options.checkpoint)
    names = dict(zip(net.class_names, readable_names(net.class_names, words), strict=True))
    predictions = predict_files(net, files, options.views)
    named = [(path, found if isinstance(found, str) else _named(found, names)) for path, found in predictions]
    try:
        if options.csv:
            rows = [
                {"path": path, **row} for path, found in named if not isinstance(found, str) for row in found
            ]
            write_text(options.csv, to_csv(COLUMNS, rows))
        if options.figure:
            draw_files(options.figure, predictions, names)
    finally:  # a full disk must not lose the predictions
        _print_predictions(named, options.json)
    return int(all(isinstance(found, str) for _, found in predictions))


def _print_predictions(named: Sequence[tuple[Path, str | list[dict[str, Any]]]], as_json: bool) -> None:
    if as_json:
        entries = [
            {"path": str(path), "error" if isinstance(found, str) else "classes": found}
            for path, found in named
        ]
        print(json.dumps(entries, indent=1))
        return
    for path, found in named:
        if isinstance(found, str):
            line = f"not readable: {found}"
        else:
            line = "  ".join(f"{row['words']} {row['probability']:.1%}" for row in found)
        print(printable(f"{path}: {line}"))


def _named(prediction: Prediction, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"rank": rank, "class": name, "words": names[name], "probability": probability}
        for rank, (name, probability) in enumerate(prediction, start=1)
    ]


def predict_files(net: Trained, files: Sequence[Path], views: int = 1) -> list[tuple[Path, Prediction | str]]:
    """Pairs of a file and either its five most probable classes or the reason why it is unreadable."""
    model = averaged([net], views)
    predictions: list[tuple[Path, Prediction | str]] = []
    for batch in read_batches(net, files):
        images = [image for _, image in batch if not isinstance(image, str)]
        probabilities = (
            ops.softmax(model(np.stack(images))) if images else np.zeros((0, len(net.class_names)))
        )
        best = iter(decode_predictions(probabilities, SHOWN_CLASSES, net.class_names))
        predictions += [
            (path, image if isinstance(image, str) else [(name, score) for name, _, score in next(best)])
            for path, image in batch
        ]
    return predictions
