"""`alexnet evaluate`: errors of a trained network, or of the average of several."""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from alexnet_tf.checkpoints.saved import Trained, load_trained, open_data_for
from alexnet_tf.commands.scores import COLUMNS, read_scores, record_scores
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.data.sources.class_words import readable_names
from alexnet_tf.figures.confusion import confusion_figure
from alexnet_tf.figures.look import write_figure
from alexnet_tf.models.views import averaging_model
from alexnet_tf.results.csv_rows import check_csv_place, to_csv, to_lines
from alexnet_tf.runtime.errors import InputError, print_lines
from alexnet_tf.runtime.files import make_folder, write_text
from alexnet_tf.training.evaluate import Scores, make_evaluator

EVALUATION_BATCH = 100
ALL_SCORED = "all images, because no network was trained on exactly this set"
CLASSES, CONFUSION, FIGURE = "classes.csv", "confusion.csv", "confusion"


def run(options: argparse.Namespace) -> int:
    if options.csv and options.split not in (None, "report"):
        raise InputError(
            "--csv: expected the report split or no --split, because the table does not name the split; "
            f"received --split {options.split}"
        )
    if options.csv:
        check_csv_place(options.csv, COLUMNS)
        read_scores(options.csv)  # to fail before the evaluation if the file is not such a table
    nets = load_nets(options.checkpoint)
    scores = evaluate_on(nets, options.dataset, options.views, options.access, options.split)
    try:
        if options.csv:
            record_scores(options.csv, scores, options.checkpoint, options.dataset, options.views)
        if options.out:
            write_classes(options.out, scores, nets[0].class_names, options.dataset)
    finally:  # a full disk must not lose the scores
        _print_scores(scores, options.views, len(nets), options.json)
    if options.out and not options.json:
        print(*(options.out / name for name in (CLASSES, CONFUSION, f"{FIGURE}.png")), sep=", ")
    return 0


def _print_scores(scores: Scores, views: int, nets: int, as_json: bool) -> None:
    errors = {"top1_error": scores.error, "top5_error": scores.useful_top5_error}
    errors = {name: error for name, error in errors.items() if error is not None}
    counts = {"examples": scores.count, "views": views, "nets": nets}
    if as_json:
        # JSON has no word for a loss that is not finite.
        loss = scores.loss if math.isfinite(scores.loss) else None
        print(json.dumps({**counts, **errors, "loss": loss}))
        return
    print(*(f"{name} {count}" for name, count in counts.items()), sep="  ")
    texts = [f"{name.replace('_', ' ').replace('top', 'top-')} {error:.4f}" for name, error in errors.items()]
    print(*texts, f"loss {scores.loss:.4f}", sep="  ")


def load_nets(checkpoints: Sequence[Path]) -> list[Trained]:
    """Reads trained networks of the same classes and preprocessing.

    Raises:
        InputError: if a network cannot be read, or does not match the first one.
    """
    nets = [load_trained(path) for path in checkpoints]
    first = nets[0]
    for path, net in zip(checkpoints, nets, strict=True):
        if net.class_names != first.class_names or net.image_shape != first.image_shape:
            other = next((b for a, b in zip(first.class_names, net.class_names, strict=False) if a != b), "")
            raise InputError(
                f"--checkpoint {path}: expected the classes and image size of {checkpoints[0]}; received "
                f"{len(net.class_names)} classes{f', such as {other!r}' * bool(other)}, "
                f"images {list(net.image_shape)}"
            )
        if not np.array_equal(net.statistics.mean_image, first.statistics.mean_image):
            raise InputError(
                f"--checkpoint {path}: expected the mean image of {checkpoints[0]}; received another"
            )
        if _scale(net) != _scale(first):
            raise InputError(
                f"--checkpoint {path}: expected the scale and padding of {checkpoints[0]}, {_scale(first)}; "
                f"received {_scale(net)}"
            )
    return nets


def evaluate_on(
    nets: Sequence[Trained],
    dataset: str,
    views: int = 1,
    access: DataAccess = DataAccess(),
    split: str | None = None,
) -> Scores:
    """Scores one trained network, or the average of several, on a data set.

    Args:
        dataset: `builtin`, a TFDS name or `folder:PATH`.
        views: number of views per image, 1, 2, 5 or 10; their probabilities are averaged (section 4.1).
        split: one of `scores.SPLITS`. The default is the report split, or all images if the set has no test
            or validation images and no network was trained on the set.

    Raises:
        InputError: if the networks do not match the data set, or the split has no images.
    """
    data = open_data_for(nets[0], dataset, access)
    images = data.image_set
    notes = images.opening()
    if split is None and images.report_split == "held-out":
        trained_on = images.fingerprint in {net.data_fingerprint for net in nets}
        split = "report" if trained_on else "all"
        count = f"the {len(images.report_labels):,} images held out of the training"
        notes.append(f"scored: {count if trained_on else ALL_SCORED}")
    batches = _batches(data, split or "report", nets)
    scores = make_evaluator(averaged(nets, views), tf.distribute.get_strategy(), confusion=True)(batches)
    data.check_readable()
    if unreadable := images.quarantine[len(images.remarks.unused) :]:
        path, reason = unreadable[0]
        notes.append(f"unreadable, so not scored: {len(unreadable)} (first: {path}, {reason})")
    print_lines(notes)
    return scores


def _batches(data: DataPipelines, split: str, nets: Sequence[Trained]) -> tf.data.Dataset:
    report = data.report(EVALUATION_BATCH, cropped=False)
    if split == "report":
        return report
    images = data.image_set
    # `holdout` of an imported network does not count, because its configuration does not describe its
    # training. Such a network has no fingerprint.
    is_held_out = images.selected & any(net.config.data.holdout and net.data_fingerprint for net in nets)
    rows = {"selection": images.selected, "train": ~is_held_out, "all": np.ones_like(is_held_out)}[split]
    if not rows.any():
        raise InputError(f"--split: expected a split with images; received {split}, which is empty")
    batches = data.chosen("train", np.flatnonzero(rows), EVALUATION_BATCH, cropped=False)
    return batches.concatenate(report) if split == "all" else batches


def write_classes(out: Path, scores: Scores, names: Sequence[str], dataset: str) -> None:
    """Writes classes.csv, confusion.csv (rows: classes, columns: predictions) and confusion.png."""
    matrix = scores.confusion
    assert matrix is not None
    counts, predicted, right = matrix.sum(1), matrix.sum(0), matrix.diagonal()
    others = matrix - np.diag(right)
    words = readable_names(names)
    rows = [
        {
            "class": name,
            "words": words[i],
            "images": counts[i],
            "top1_error": 1 - right[i] / counts[i] if counts[i] else None,
            "precision": right[i] / predicted[i] if predicted[i] else None,
            "confused_with": names[others[i].argmax()] if others[i].any() else None,
        }
        for i, name in enumerate(names)
    ]
    make_folder(out, "--out")
    write_text(out / CLASSES, to_csv(list(rows[0]), rows))
    table = [("class", *names), *((name, *row) for name, row in zip(names, matrix.tolist(), strict=True))]
    write_text(out / CONFUSION, to_lines(table))
    write_figure(out / FIGURE, lambda: confusion_figure(matrix, words, dataset), ("png",))


def averaged(nets: Sequence[Trained], views: int) -> keras.Model:
    """The model that averages the probabilities of several networks over several views of an image.

    Raises:
        InputError: if the networks' inputs differ in size, or are larger than the images.
    """
    height, width, channels = nets[0].image_shape
    pad = 2 * nets[0].config.data.pad
    try:
        return averaging_model([net.model for net in nets], (height + pad, width + pad, channels), views)
    except ValueError as error:
        raise InputError(f"--checkpoint: {error}") from error


def _scale(net: Trained) -> tuple[str, int, float | None, str]:
    data = net.config.data
    stddev = net.statistics.stddev if data.input_scale == "unit" else None
    return data.input_scale, data.pad, stddev, data.scaling
