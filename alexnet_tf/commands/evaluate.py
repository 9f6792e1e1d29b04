"""`alexnet_tf evaluate`: exact errors of one trained network, or of the average of several."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.checkpoints.saved import Trained, load_trained, open_data_for
from alexnet_tf.commands.scores import read_scores, record_scores
from alexnet_tf.data.load import DataAccess
from alexnet_tf.models.views import averaging_model
from alexnet_tf.runtime.errors import InputError, print_lines
from alexnet_tf.training.evaluate import Scores, make_evaluator

EVALUATION_BATCH = 100


def run(options: argparse.Namespace) -> int:
    """Prints the scores on the report split, and records them in the table given by `--csv`."""
    if options.csv:
        read_scores(options.csv)  # to fail before the evaluation if the file is not such a table
    scores = evaluate_on(options.checkpoint, options.dataset, options.views, options.access)
    if options.csv:
        record_scores(options.csv, scores, options.checkpoint, options.dataset, options.views)
    if options.json:
        print(
            json.dumps(
                {
                    "examples": scores.count,
                    "views": options.views,
                    "nets": len(options.checkpoint),
                    "top1_error": scores.error,
                    "top5_error": scores.top5_error,
                    "loss": scores.loss,
                }
            )
        )
        return 0
    print(f"examples {scores.count}  views {options.views}  nets {len(options.checkpoint)}")
    print(f"top-1 error {scores.error:.4f}  top-5 error {scores.top5_error:.4f}  loss {scores.loss:.4f}")
    return 0


def evaluate_on(
    checkpoints: Sequence[Path],
    dataset: str,
    views: int = 1,
    access: DataAccess = DataAccess(),
) -> Scores:
    """Scores one trained network, or the average of several, on the report split of a data set.

    A set without one is scored as a whole, unless a network was trained on it; then the images that were held
    out of its training are.

    Args:
        checkpoints: folders of trained networks; their preprocessing has to be the same.
        dataset: `builtin`, a TFDS name or `folder:PATH`.
        views: number of views per image, 1, 2, 5 or 10; their probabilities are averaged (section 4.1).
        access: where the images come from.

    Raises:
        InputError: if the networks do not match each other or the data set.
    """
    nets = [load_trained(path) for path in checkpoints]
    first = nets[0]
    for path, net in zip(checkpoints, nets, strict=True):
        if net.class_names != first.class_names or net.image_shape != first.image_shape:
            raise InputError(f"--checkpoint {path}: expected the classes and image size of {checkpoints[0]}")
        if not np.array_equal(net.statistics.mean_image, first.statistics.mean_image):
            raise InputError(f"--checkpoint {path}: expected the mean image of {checkpoints[0]}")
        if _scale(net) != _scale(first):
            raise InputError(f"--checkpoint {path}: expected the scale and padding of {checkpoints[0]}")
    data = open_data_for(first, dataset, access)
    batches = data.report(EVALUATION_BATCH, cropped=False)
    images = data.image_set
    notes = images.opening()
    if images.report_split == "held-out":
        if images.fingerprint in {net.data_fingerprint for net in nets}:
            notes.append(f"scored: the {len(images.report_labels):,} images held out of the training")
        else:
            everything = np.arange(len(images.train_labels))
            batches = data.chosen("train", everything, EVALUATION_BATCH, cropped=False).concatenate(batches)
            notes.append("scored: all images; none of the networks was trained on exactly these")
    scores = make_evaluator(averaged(nets, views), batches, tf.distribute.get_strategy())()
    # Files that became unreadable during the evaluation were not scored: fail if there are too many.
    data.check_readable()
    print_lines(notes)
    return scores


def averaged(nets: Sequence[Trained], views: int) -> keras.Model:
    """The model that averages the probabilities of several networks over several views of an image.

    Raises:
        InputError: if this number of views cannot be taken for the network.
    """
    height, width, channels = nets[0].image_shape
    pad = 2 * nets[0].config.data.pad
    try:
        return averaging_model([net.model for net in nets], (height + pad, width + pad, channels), views)
    except ValueError as error:
        raise InputError(f"--checkpoint: {error}") from error


def _scale(net: Trained) -> tuple[str, int, float | None]:
    """Settings for the scale and padding of pixels after the mean is subtracted."""
    data = net.config.data
    return data.input_scale, data.pad, net.statistics.stddev if data.input_scale == "unit" else None
