"""Saved networks: a trained network with its classes, preprocessing and configuration.

Its folder holds `model.keras`, `model.json` and `preprocessing.npz`; `save_trained` writes it, and
`load_trained` reads it.
"""

import dataclasses
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras.src.saving import saving_lib

from alexnet_tf.config.fields import Config
from alexnet_tf.data.decode import central_square, decode_image
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.data.pixel_statistics import PixelStatistics
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, write_bytes, write_text
from alexnet_tf.runtime.reading import check_file, read_bytes, read_json

EPOCHS_FOLDER = "epochs"
BEST_NAME = "best.weights.h5"
# The values of `status` in the model.json of a run that left no network.
UNFINISHED = ("failed", "diverged")


@dataclass(frozen=True)
class Trained:
    """A trained network and its preprocessing.

    Attributes:
        model: model from preprocessed images to logits.
        config: configuration of the run that trained it.
        class_names: names of its outputs, in order.
        image_shape: (height, width, channels) of an image before padding and crop.
        statistics: pixel statistics of the images it was trained on.
        data_fingerprint: fingerprint of those images; None if unknown.
    """

    model: keras.Model
    config: Config
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    statistics: PixelStatistics
    data_fingerprint: str | None = None

    def preprocess(self, data: bytes) -> np.ndarray:
        """Decodes an image and preprocesses it like the pipeline, without the crop.

        The image is turned as its EXIF orientation says, also if the images of the training were not.

        Args:
            data: content of an image file.

        Returns:
            float32 [height, width, channels], with the pipeline's padding.

        Raises:
            ImageDecodeError: if the bytes are not a readable image.
        """
        height, width, channels = self.image_shape
        pixels = central_square(decode_image(data, channels, oriented=True), min(height, width))
        if self.image_shape != pixels.shape:
            raise ValueError(f"expected a network of square images; received {height}x{width}")
        image = pixels.astype(np.float32) - self.statistics.mean_image
        pad = self.config.data.pad
        image = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
        return image / self.statistics.stddev if self.config.data.input_scale == "unit" else image

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """The pixels of preprocessed images: the inverse of `preprocess`, except for decoding.

        Args:
            images: float [n, height, width, channels], not cropped, with the pipeline's padding.

        Returns:
            uint8 [n, height, width, channels], 0..255.
        """
        pad = self.config.data.pad
        height, width, _ = self.image_shape
        images = images[:, pad : pad + height, pad : pad + width]
        if self.config.data.input_scale == "unit":
            images = images * self.statistics.stddev
        return np.clip(np.rint(images + self.statistics.mean_image), 0, 255).astype(np.uint8)


def save_trained(
    folder: Path, model: keras.Model, config: Config, data: DataPipelines, about: dict[str, Any]
) -> None:
    """Writes the network that a run has trained; if the run was interrupted or diverged, only model.json.

    Args:
        folder: folder of the network, created if missing.
        model: the trained model.
        config: configuration of the run.
        data: the pipelines that it was trained with.
        about: JSON-serializable details such as scores and environment; `status` says how the run ended.
    """
    images = data.image_set
    if about.get("status") in UNFINISHED:
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder, {"config": config.to_dict(), "data_fingerprint": images.fingerprint, **about})
    else:
        net = Trained(model, config, images.class_names, images.image_shape, data.statistics)
        # Whether the training images were turned as their EXIF orientation says.
        about = {"exif_orientation": images.name.startswith("folder:"), **about}
        write_trained(folder, net, images.fingerprint, about)


def write_trained(folder: Path, net: Trained, data_fingerprint: str | None, about: dict[str, Any]) -> None:
    """Writes the files that `load_trained` reads; model.json is written last and marks a complete folder.

    Args:
        folder: folder of the network, created if missing.
        net: the network.
        data_fingerprint: fingerprint of the images it was trained on; None if unknown.
        about: JSON-serializable details for model.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "model.keras", model_file(net.model))
    buffer = io.BytesIO()
    np.savez(buffer, **dataclasses.asdict(net.statistics))
    write_bytes(folder / "preprocessing.npz", buffer.getvalue())
    content = {
        "config": net.config.to_dict(),
        "class_names": list(net.class_names),
        "image_shape": list(net.image_shape),
        "input_shape": list(net.model.input.shape[1:]),
        "data_fingerprint": data_fingerprint,
        **about,
    }
    _write_json(folder, content)


def _write_json(folder: Path, content: dict[str, Any]) -> None:
    write_text(folder / "model.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def is_trained(folder: Path, config: Config, data: DataPipelines) -> bool:
    """Whether a folder holds the network of this run; False if the run ended without a network.

    Raises:
        InputError: if it holds the network of another run, which must not be overwritten.
    """
    try:
        about = read_json(folder / "model.json")
        if about.get("status") in UNFINISHED:
            return False
        found = Config.from_dict(about["config"]).hash(about["data_fingerprint"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = "unknown"
    if found != config.hash(data.image_set.fingerprint):
        raise InputError(
            f"--out: expected an empty folder or this run's; received {folder}, which holds the network of "
            "another config or other images; name another folder, or delete it"
        )
    return True


def load_trained(path: Path, flag: str = "--checkpoint") -> Trained:
    """Reads a network that `save_trained` has written.

    Args:
        path: the folder, the model.keras in it, or one of the weight files that the run saved
            (`alexnet_tf.training.callbacks.KeptWeights`).
        flag: command-line flag that named the path, for error messages.

    Raises:
        InputError: if one of the files is missing or damaged.
    """
    folder = folder_of(path)
    try:
        about = read_json(folder / "model.json")
        if about.get("status") in UNFINISHED:
            raise ValueError(f"a run without a network: {about.get('message')}")
        # Read into memory first, because NumPy would not close a damaged file.
        content = io.BytesIO(read_bytes(folder / "preprocessing.npz"))
        with np.load(content, allow_pickle=False) as file:
            parts = {field.name: file[field.name] for field in dataclasses.fields(PixelStatistics)}
        statistics = PixelStatistics(**{**parts, "stddev": float(parts["stddev"])})
        import alexnet_tf.layers  # noqa: F401 (registers the layers that the file names)

        check_file(folder / "model.keras")
        model = keras.models.load_model(folder / "model.keras", compile=False)
        if path.name.endswith(".weights.h5"):
            check_file(path)
            model.load_weights(path)
        names, shape = tuple(about["class_names"]), tuple(about["image_shape"])
        outputs = model.output.shape[-1]
        if len(names) != outputs or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{outputs} outputs and class_names {str(names)[:60]}")
        if shape != statistics.mean_image.shape:
            raise ValueError(
                f"a mean image of {statistics.mean_image.shape} and image_shape {str(shape)[:60]}"
            )
        return Trained(
            model,
            Config.from_dict(about["config"]),
            names,
            shape,
            statistics,
            about.get("data_fingerprint"),
        )
    except UNREADABLE_ARCHIVE as error:
        raise InputError(
            f"{flag}: expected a folder with model.keras, model.json and preprocessing.npz; "
            f"received {path}: {(str(error) or type(error).__name__).splitlines()[0]}"
        ) from error


def open_data_for(net: Trained, dataset: str, access: DataAccess = DataAccess()) -> DataPipelines:
    """Opens a data set with the preprocessing of a trained network; `access` is as for `open_data`.

    Raises:
        InputError: if the set cannot be opened, or its classes or image shape differ from the network's.
    """
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
    """Returns `data` after checking that its images have the network's height, width and channels.

    Raises:
        InputError: if they do not.
    """
    if data.image_set.image_shape != net.image_shape:
        raise InputError(
            f"--dataset {dataset}: expected images of the network's {list(net.image_shape)}; "
            f"received {list(data.image_set.image_shape)}"
        )
    return data


def folder_of(path: Path) -> Path:
    """The folder of a trained network, given the folder itself, its model.keras or its saved weights.

    Example:

    >>> folder_of(Path("net/epochs/0003.weights.h5")).as_posix(), folder_of(Path("net")).as_posix()
    ('net', 'net')
    """
    if path.name.endswith(".weights.h5"):
        return path.parent.parent if path.parent.name == EPOCHS_FOLDER else path.parent
    return path.parent if path.name == "model.keras" else path


def model_file(model: keras.Model) -> bytes:
    """The content of a model's `.keras` file, made in memory."""
    buffer = io.BytesIO()
    # `Model.save` writes to paths only.
    saving_lib.save_model(model, buffer)
    return buffer.getvalue()


def weights_file(model: keras.Model) -> bytes:
    """The content of a model's `.weights.h5` file, made in memory."""
    with zipfile.ZipFile(io.BytesIO(model_file(model))) as file:
        return file.read("model.weights.h5")
