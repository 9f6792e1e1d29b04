"""Saves and loads trained networks.

A network is rebuilt from the configuration in model.json. Only weights are read from model.keras, never the
classes and functions that it names.
"""

import dataclasses
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alexnet_tf.checkpoints.trained_files import FACTS, MODEL, PREPROCESSING, folder_of
from alexnet_tf.checkpoints.weights import has_finite_weights, model_file, rebuilt
from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.data.decode import decoded
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.data.pixel_statistics import PixelStatistics
from alexnet_tf.data.scaling import central_square
from alexnet_tf.runtime.archives import open_npz
from alexnet_tf.runtime.checksums import SUMS, check_sums, write_with_sums
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, json_bytes, write_bytes
from alexnet_tf.runtime.reading import read_json

BEST_NAME = "best.weights.h5"
# `status` of a run that left no network. Version 0.1.0 wrote `failed` for an interrupted run.
UNFINISHED = ("interrupted", "diverged", "failed")


@dataclass(frozen=True)
class Trained:
    """A trained network and its preprocessing.

    Attributes:
        model: from preprocessed images to logits.
        class_names: names of the outputs, in order.
        image_shape: (height, width, channels) of an image before padding and crop.
        statistics: pixel statistics that the preprocessing uses.
        data_fingerprint: fingerprint of all images of the run; None if unknown.
    """

    model: keras.Model
    config: Config
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    statistics: PixelStatistics
    data_fingerprint: str | None = None

    def preprocess(self, data: bytes) -> np.ndarray:
        """Preprocesses an image file's content like the pipeline, without the crop.

        The image is rotated by its EXIF orientation, even if the training images were not.

        Returns:
            float32 [height, width, channels], including the pipeline's padding.

        Raises:
            ImageDecodeError: if the content cannot be decoded as an image.
        """
        side, _, channels = self.image_shape
        pixels = central_square(decoded(data, channels, oriented=True), side, self.config.data.scaling)
        image = pixels.astype(np.float32) - self.statistics.mean_image
        pad = self.config.data.pad
        image = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
        return image / self.statistics.stddev if self.config.data.input_scale == "unit" else image

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """The pixels of uncropped images from `preprocess`: uint8 [n, height, width, channels], 0..255."""
        pad = self.config.data.pad
        height, width, _ = self.image_shape
        images = images[:, pad : pad + height, pad : pad + width]
        if self.config.data.input_scale == "unit":
            images = images * self.statistics.stddev
        return np.clip(np.rint(images + self.statistics.mean_image), 0, 255).astype(np.uint8)


def save_trained(
    folder: Path, model: keras.Model, config: Config, data: DataPipelines, about: dict[str, Any]
) -> None:
    """Writes the network of a run; if the run was interrupted or diverged, writes only model.json.

    Args:
        about: JSON-serializable details; `status` is how the run ended.
    """
    images = data.image_set
    if about.get("status") in UNFINISHED:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"config": config.to_dict(), "data_fingerprint": images.fingerprint, **about}
        write_bytes(folder / FACTS, json_bytes(facts))
    else:
        net = Trained(model, config, images.class_names, images.image_shape, data.statistics)
        about = {"exif_orientation": images.name.startswith("folder:"), **about}
        write_trained(folder, net, images.fingerprint, about)


def write_trained(folder: Path, net: Trained, data_fingerprint: str | None, about: dict[str, Any]) -> None:
    """Writes the files for `load_trained`; model.json comes last, so a folder without it is incomplete.

    Args:
        folder: created if missing.
        data_fingerprint: fingerprint of the run's images; None if unknown.
        about: JSON-serializable details for model.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, **dataclasses.asdict(net.statistics))
    wanted = input_wanted(net)
    facts = {
        "config": net.config.to_dict(),
        "class_names": list(net.class_names),
        "image_shape": list(net.image_shape),
        "input_shape": list(net.model.input.shape[1:]),
        "input": wanted,
        "data_fingerprint": data_fingerprint,
        **about,
    }
    model = model_file(net.model, {"input": wanted})
    write_with_sums(folder, {MODEL: model, PREPROCESSING: buffer.getvalue(), FACTS: json_bytes(facts)})


def input_wanted(net: Trained) -> dict[str, Any]:
    """Describes the input and the output of a network as JSON-serializable values."""
    size, _, channels = net.image_shape
    input_size = net.model.input.shape[1]
    data, scaled = net.config.data, net.config.data.input_scale == "unit"
    mean = [round(float(value), 3) for value in net.statistics.mean_image.mean((0, 1))]
    return {
        "shape": list(net.model.input.shape[1:]),
        "channels": "RGB" if channels == 3 else "grey",
        "mean": mean,
        "divisor": net.statistics.stddev if scaled else 1.0,
        "steps": [
            f"pixels 0..255, the shorter side scaled to {size} ({data.scaling}), the central {size} x {size}",
            f"minus the mean image of the training images, whose mean colour is {mean}",
            *([f"divided by {net.statistics.stddev:.6g}"] if scaled else []),
            *([f"{data.pad} zeros on each side"] if data.pad else []),
            f"the central {input_size} x {input_size}",
        ],
        "output": "logits of class_names",
        "class_names": list(net.class_names),
    }


def is_trained(folder: Path, config: Config, data: DataPipelines) -> bool:
    """Whether a folder holds the network of this run; False if the run was interrupted or diverged.

    Raises:
        InputError: if the network belongs to another run, or is damaged.
    """
    try:
        about = read_json(folder / FACTS)
        if about.get("status") in UNFINISHED:
            return False
        found = Config.from_dict(about["config"]).hash(about["data_fingerprint"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = "unknown"
    if found != config.hash(data.image_set.fingerprint):
        raise InputError(
            f"--out: expected an empty folder, or the folder of this run; received {folder}, which holds the "
            "network of another config or other images; name another folder, or delete this one"
        )
    try:
        check_sums(folder, (MODEL, FACTS, PREPROCESSING))
    except (OSError, ValueError) as error:
        raise InputError(
            f"--out: expected the whole network of a finished run; received {folder}: {_reason(error)}; "
            f"delete {folder / FACTS} to train it again"
        ) from error
    return True


def load_trained(path: str | Path, flag: str = "--checkpoint") -> Trained:
    """Reads a network that `save_trained` or `write_trained` has written.

    Args:
        path: the folder, its model.keras, or a file of weights that `KeptWeights` has saved in it.
        flag: command-line flag that named the path, for error messages.

    Raises:
        InputError: if a file is missing, damaged or unreasonably large, the files do not fit each other, or a
            weight is not finite.
    """
    path = Path(path)
    folder = folder_of(path)
    weights = path if path.name.endswith(".weights.h5") else folder / MODEL
    try:
        about = read_json(folder / FACTS)
        if about.get("status") in UNFINISHED:
            raise ValueError(f"a run without a network: {about.get('message')}")
        check_sums(folder, (FACTS, PREPROCESSING, weights.relative_to(folder).as_posix()))
        if not (folder / SUMS).exists():
            print(f"note: {folder} has no {SUMS}, so its files are not verified", file=sys.stderr)
        with open_npz(folder / PREPROCESSING) as file:
            stored: dict[str, Any] = {f.name: file[f.name] for f in dataclasses.fields(PixelStatistics)}
        statistics = PixelStatistics(**{**stored, "stddev": float(stored["stddev"])})
        names, shape = tuple(about["class_names"]), tuple(about["image_shape"])
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"class_names {str(names)[:60]}")
        if shape != statistics.mean_image.shape:
            raise ValueError(
                f"a mean image of {statistics.mean_image.shape} and image_shape {str(shape)[:60]}"
            )
        if len(shape) != 3 or shape[0] != shape[1]:
            raise ValueError(f"a network of images that are not square, image_shape {str(shape)[:60]}")
        config = Config.from_dict(about["config"])
        check_config(config)
        model = rebuilt(config, tuple(about["input_shape"]), len(names), weights)
        if not has_finite_weights(model):
            raise ValueError("weights that are not finite")
        return Trained(model, config, names, shape, statistics, about.get("data_fingerprint"))
    except UNREADABLE_ARCHIVE as error:
        raise InputError(
            f"{flag}: expected a folder with {MODEL}, {FACTS} and {PREPROCESSING}; "
            f"received {path}: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def open_data_for(net: Trained, dataset: str, access: DataAccess = DataAccess()) -> DataPipelines:
    """Opens a data set with a network's preprocessing; raises an InputError if classes or shape differ."""
    config = net.config.replace(dataset=dataset, image_size=net.image_shape[0], holdout=False).data
    data = open_data(config, access, net.statistics)
    if data.image_set.class_names != net.class_names:
        raise InputError(
            f"--dataset {dataset}: expected the network's {len(net.class_names)} classes "
            f"({net.class_names[0]}, ...); received {data.image_set.classes} "
            f"({data.image_set.class_names[0]}, ...)"
        )
    return check_images(data, net, dataset)


def check_images(data: DataPipelines, net: Trained, dataset: str) -> DataPipelines:
    """Returns `data`; raises an InputError unless its images have the network's shape."""
    if data.image_set.image_shape != net.image_shape:
        raise InputError(
            f"--dataset {dataset}: expected images of the network's {list(net.image_shape)}; "
            f"received {list(data.image_set.image_shape)}"
        )
    return data
