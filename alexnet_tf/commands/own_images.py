"""Train, evaluate and predict on images of one's own."""

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from alexnet_tf.checkpoints.resume import checkpoint_hash
from alexnet_tf.checkpoints.saved import Trained, is_trained, load_trained, open_data_for, save_trained
from alexnet_tf.config.fields import Config
from alexnet_tf.data.decode import ImageDecodeError
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.models import decode_predictions
from alexnet_tf.models.imagenet import Prediction
from alexnet_tf.models.views import averaging_model
from alexnet_tf.results.csv_rows import to_csv
from alexnet_tf.runtime.environment import environment
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import make_folder, write_text
from alexnet_tf.training.callbacks import GRADIENT_NORMS_COLUMNS, GradientNorms, KeptWeights, QuarantineLog
from alexnet_tf.training.evaluate import Scores, make_evaluator
from alexnet_tf.training.progress import ProgressBar
from alexnet_tf.training.strategy import is_chief
from alexnet_tf.training.train import check_run, train

EVALUATION_BATCH = 100
SHOWN_CLASSES = 5


@dataclass(frozen=True)
class RunFiles:
    """What a run writes beside the trained network and its curve; nothing of it changes the numbers.

    Attributes:
        keep_epochs: the weights after every epoch, `epochs/0001.weights.h5` and so on.
        keep_best: the weights of the best epoch on the selection split, `best.weights.h5`.
        gradient_norms: `gradient_norms.csv`, for each epoch and layer the mean and largest norm of the
            gradient over the epoch's steps.
        tensorboard: event files, in `tensorboard`.
    """

    keep_epochs: bool = False
    keep_best: bool = False
    gradient_norms: bool = False
    tensorboard: bool = False


def train_on(
    config: Config,
    strategy: tf.distribute.Strategy,
    out: Path,
    access: DataAccess = DataAccess(),
    files: RunFiles | None = None,
    start: Trained | None = None,
) -> bool:
    """Trains a network and writes it to `out`, with its curve and the list of unusable files.

    Interrupted and started again it goes on from the last finished epoch; finished, it is not trained
    again. A run of another config, or over images that have changed, is refused and not written over.

    Args:
        config: the run.
        strategy: distribution.
        out: folder for model.keras, model.json, preprocessing.npz, curve.csv and quarantine.csv; with a
            selection split also selection.csv, what was measured on it.
        access: where the images come from.
        files: what else to write there.
        start: the trained network to start from, with a config of `transfer_config`.

    Returns:
        Whether there is a network: a diverged run leaves only its curve.

    Raises:
        InputError: before training, for a set, a folder or a config that will not do.
    """
    files = files or RunFiles()
    if files.keep_best and not config.data.holdout:
        raise InputError("--keep-best: expected holdout=true, a selection split to judge by; received false")
    # The cache is written after the checks below, because it may take hours.
    uncached = dataclasses.replace(access, cache=None)
    data = open_data(config.data, uncached, start.statistics if start else None)
    if access.cache:
        data.streamed_set()
    if start and data.image_set.image_shape != start.image_shape:
        raise InputError(
            f"--dataset {config.data.dataset}: expected images of the network's {list(start.image_shape)}; "
            f"received {list(data.image_set.image_shape)}"
        )
    check_run(config, data, strategy, start)
    make_folder(out, "--out")
    state = out / "state.npz"
    if checkpoint_hash(state) not in (None, config.hash(data.image_set.fingerprint)):
        raise InputError(
            f"--out {out}: expected this run's unfinished state, or none; received another config's, or "
            f"images that have changed since; delete {state} to start anew, or name another folder"
        )
    if not state.exists() and is_trained(out, config, data):
        print(f"{out}: this run is finished, not trained again", flush=True)
        return True
    if access.cache:
        data = data.cached(access.cache)
    callbacks = _callbacks(files, config, data, strategy, out)
    model, history = train(config, data, strategy, state, callbacks, start=start)
    if not is_chief(strategy):
        return history.status != "diverged"
    write_text(out / "curve.csv", to_csv(list(history.curve[0]), history.curve))
    if config.data.holdout:
        measured = zip(history.selection_losses, history.selection_errors, strict=True)
        rows = [
            {"epoch": epoch, "selection_loss": loss, "selection_error": error}
            for epoch, (loss, error) in enumerate(measured, start=1)
        ]
        write_text(out / "selection.csv", to_csv(["epoch", "selection_loss", "selection_error"], rows))
    if files.gradient_norms:
        write_text(out / "gradient_norms.csv", to_csv(GRADIENT_NORMS_COLUMNS, history.gradient_norms))
    if history.status == "diverged":
        # No network worth keeping; the curve tells what happened before.
        print(f"diverged: {history.message}; no network is written", file=sys.stderr)
        state.unlink(missing_ok=True)
        return False
    about = {
        "status": history.status,
        "seconds": round(history.seconds, 1),
        "message": history.message,
        "scores": history.curve[-1],
        "environment": environment(strategy),
    }
    save_trained(out, model, config, data, about)
    state.unlink(missing_ok=True)
    return True


def _callbacks(
    files: RunFiles, config: Config, data: DataPipelines, strategy: tf.distribute.Strategy, out: Path
) -> list[keras.callbacks.Callback]:
    callbacks = [
        QuarantineLog(out / "quarantine.csv", data),
        ProgressBar(data.image_set.slug, data.train_size, config.train.batch_size, config.train.epochs),
    ]
    if files.gradient_norms:
        # Before TensorBoard, which writes what it adds to the logs.
        callbacks.append(GradientNorms(strategy))
    if is_chief(strategy) and (files.keep_epochs or files.keep_best):
        callbacks.append(KeptWeights(out, config.train, files.keep_epochs, files.keep_best))
    if is_chief(strategy) and files.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(out / "tensorboard"))
    return callbacks


def evaluate_on(
    checkpoints: Sequence[Path],
    dataset: str,
    views: int = 1,
    access: DataAccess = DataAccess(),
) -> Scores:
    """Scores one trained network, or the average of several, on the report split of a data set.

    Args:
        checkpoints: folders that `train_on` wrote; their preprocessing has to be the same.
        dataset: `builtin`, a TFDS name or `folder:PATH`.
        views: 1, 2, 5 or 10 for each image, probabilities averaged (paper, section 4.1).
        access: where the images come from.

    Raises:
        InputError: for networks or a data set that do not fit each other.
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
    model = _averaged(nets, views)
    batches = data.report(EVALUATION_BATCH, cropped=False)
    scores = make_evaluator(model, batches, tf.distribute.get_strategy())()
    # Files that were lost meanwhile are not among the examples.
    data.check_readable()
    return scores


def _scale(net: Trained) -> tuple[str, int, float | None]:
    """What is done to the pixels after the mean is subtracted."""
    data = net.config.data
    return data.input_scale, data.pad, net.statistics.stddev if data.input_scale == "unit" else None


def predict_files(
    checkpoint: Path, files: Sequence[Path], views: int = 1
) -> list[tuple[Path, Prediction | str]]:
    """The most probable classes of image files.

    Returns:
        For each file (class name, probability), the five best, or the reason why it is not readable.
    """
    net = load_trained(checkpoint)
    model = _averaged([net], views)
    predictions: list[tuple[Path, Prediction | str]] = []
    for path in files:
        try:
            image = net.preprocess(path.read_bytes())
        except (OSError, ImageDecodeError) as error:
            predictions.append((path, getattr(error, "strerror", None) or str(error)))
            continue
        probabilities = ops.softmax(model(image[np.newaxis]))
        (best,) = decode_predictions(probabilities, SHOWN_CLASSES, net.class_names)
        predictions.append((path, [(name, score) for name, _, score in best]))
    return predictions


def _averaged(nets: Sequence[Trained], views: int):
    height, width, channels = nets[0].image_shape
    pad = 2 * nets[0].config.data.pad
    try:
        return averaging_model([net.model for net in nets], (height + pad, width + pad, channels), views)
    except ValueError as error:
        raise InputError(f"--checkpoint: {error}") from error
