"""The configuration of a run: frozen dataclasses, and their hash.

A `Config` and the pixels and labels of its images determine a run, so the hash of both identifies it.
Only fields that differ from their default enter the hash. So if a field is added whose default is the
previous behaviour, old hashes stay valid. A default must never change once it is released.
"""

import dataclasses
import hashlib
import json
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from alexnet_tf.config.models import CifarNetConfig, ModelConfig
from alexnet_tf.config.values import fits, parse
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.suggestion import did_you_mean

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
PRECISIONS = typing.get_args(Precision)


@dataclass(frozen=True)
class DataConfig:
    """Which images a run uses, and how they are preprocessed and augmented.

    Attributes:
        dataset: `builtin`, a TFDS name, or `folder:PATH`.
        image_size: height and width to which images are resized (shorter side scaled, central square), in
            pixels. 0 keeps the size if all images of the set have the same one, otherwise it means 256.
        input_scale: `raw` is 0..255 minus the mean image; `unit` divides that by the standard
            deviation of all training pixels.
        pad: zero pixels (after mean subtraction) added on each side before the crop.
        crop: height and width of the crop. 0 for no crop; if `pad` is set, 0 means a crop as large as the
            image before padding.
        flip: mirror each training image with probability 1/2.
        color_noise: PCA colour noise; `code` scales by standard deviations on 0..255 as the authors'
            program does, `paper` by eigenvalues on 0..1 (paper, section 4.1).
        holdout: train without the selection split (10% of each class).
        vertical_flip: turn each training image upside down with probability 1/2.
        rotation: rotate each training image by an angle uniform in -rotation..rotation, in degrees.
        brightness: add to all pixels of a training image one number uniform in -brightness..brightness, as
            a fraction of the 255 grey levels.
        gaussian_noise: standard deviation, in grey levels, of Gaussian noise added to each pixel and channel
            of a training image.
        color_noise_until: last epoch with colour noise, 0 for all epochs; 67 in the authors' program.
        crop_position: where training images are cropped; tests always use the centre.
        scaling: how images are scaled to `image_size`: `antialiased` averages over the pixels that a new
            pixel covers; `bilinear` interpolates between the four nearest ones, which is faster, but needs
            OpenCV (`pip install opencv-python-headless`).
        storage: `memory` keeps images in memory, `stream` reads them from disk, `auto` streams if they would
            take more than 4 GiB of memory. It does not affect results, so it is left out of the hash.
    """

    dataset: str = "cifar10"
    image_size: int = 0
    input_scale: Literal["raw", "unit"] = "raw"
    pad: int = 0
    crop: int = 0
    flip: bool = False
    color_noise: Literal["none", "paper", "code"] = "none"
    holdout: bool = False
    vertical_flip: bool = False
    rotation: float = 0.0
    brightness: float = 0.0
    gaussian_noise: float = 0.0
    color_noise_until: int = 0
    crop_position: Literal["random", "center"] = "random"
    scaling: Literal["antialiased", "bilinear"] = "antialiased"
    storage: Literal["auto", "memory", "stream"] = "auto"


@dataclass(frozen=True)
class TrainConfig:
    """How the network is trained.

    Attributes:
        epochs: upper bound on the number of epochs.
        batch_size: global batch size, over all replicas.
        learning_rate: rate of the first epoch.
        momentum: coefficient of the velocity; beta_1 for Adam.
        weight_decay: L2 coefficient, on kernels only (paper, section 5).
        bias_rate: learning rate of biases as a multiple of the weights' (2 in the authors' program).
        schedule: `constant`; `steps` divides the rate by `drop_factor` after each epoch of `drops`;
            `plateau` divides it when `watch` stops improving.
        drops: epochs after which `steps` divides the rate.
        patience: epochs without improvement that make a plateau.
        max_drops: how often `plateau` divides the rate; the next plateau after that ends the run.
        stop_train_error: end the run `stop_extra_epochs` epochs after the first epoch whose training error
            is at or below this; 0 disables this.
        stop_extra_epochs: see `stop_train_error`.
        optimizer: `momentum` is the paper's rule; `adam`; `amsgrad` is Adam with a denominator that
            never decreases.
        drop_factor: divisor of the rate for `steps` and `plateau`.
        min_learning_rate: lower bound of the rate for `steps` and `plateau`.
        watch: quantity that `plateau` watches, measured on the selection split.
        early_stopping: end the run after this many epochs without improvement; 0 disables this.
        early_stopping_watch: quantity that has to improve; `train_loss` is measured without augmentation and
            dropout, as in the curve.
        start: fingerprint of the trained network that the run starts from
            (`alexnet_tf.checkpoints.transfer`); empty to start from a random initialisation.
        freeze: name of the last frozen layer: this layer and all before it are not trained; empty for none.
        freeze_conv1_after: last epoch in which conv1 is trained, 0 for all; 72 in the authors' program.
    """

    epochs: int = 1
    batch_size: int = 128
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    bias_rate: float = 1.0
    schedule: Literal["constant", "steps", "plateau"] = "constant"
    drops: tuple[int, ...] = ()
    patience: int = 5
    max_drops: int = 3
    stop_train_error: float = 0.0
    stop_extra_epochs: int = 2
    optimizer: Literal["momentum", "adam", "amsgrad"] = "momentum"
    drop_factor: float = 10.0
    min_learning_rate: float = 0.0
    watch: Literal["selection_error", "selection_loss"] = "selection_error"
    early_stopping: int = 0
    early_stopping_watch: Literal["selection_error", "selection_loss", "train_loss"] = "selection_error"
    start: str = ""
    freeze: str = ""
    freeze_conv1_after: int = 0


@dataclass(frozen=True)
class Config:
    """Everything that determines the results of a run, apart from the images and labels.

    Example:

    >>> config = Config().replace(activation="tanh", epochs=3)
    >>> config.model.activation, config.train.epochs
    ('tanh', 3)
    """

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=CifarNetConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    precision: Precision = "float32"
    seed: int = 0

    def replace(self, **changes: Any) -> "Config":
        """Returns a copy with changed fields, which may belong to any section.

        Raises:
            InputError: if no section has a field of that name.
        """
        sections = {name: getattr(self, name) for name in ("data", "model", "train")}
        top = {}
        for name, value in changes.items():
            for section, part in sections.items():
                if name in _field_names(part):
                    sections[section] = dataclasses.replace(part, **{name: value})
                    break
            else:
                if name not in (*sections, *_field_names(self)):
                    known = ", ".join(self.field_names())
                    raise InputError(
                        f"expected a config field, one of {known}; received {name!r}"
                        + did_you_mean(name, self.field_names())
                    )
                top[name] = value
        return dataclasses.replace(self, **{**sections, **top})

    def field_names(self) -> list[str]:
        """Names of the fields of all sections, as used by `replace` and `--set`."""
        return [name for part in (self, self.data, self.model, self.train) for name in _field_names(part)]

    def with_settings(self, *settings: str) -> "Config":
        """Returns a copy changed by `field=value` strings; each value is parsed as its field's type.

        Raises:
            InputError: for a string that is not of this form, an unknown field, a field with two different
                values, or a value of the wrong type.

        Example:

        >>> Config().with_settings("drops=20,30", "epochs=40").train.drops
        (20, 30)
        """
        # Data set and seed have flags of their own, which do more than change the field.
        known = [field for field in self.field_names() if field not in ("dataset", "seed")]
        given: dict[str, str] = {}
        changes = {}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"--set: expected field=value; received {setting!r}")
            if name not in known:
                raise InputError(
                    f"--set: expected a field, one of {', '.join(known)}; received {name!r}"
                    f"{did_you_mean(name, known)}"
                )
            if given.get(name, setting) != setting:
                raise InputError(f"--set: expected {name} once; received {given[name]} and {setting}")
            given[name] = setting
            parts = (self.data, self.model, self.train, self)
            owner = next(part for part in parts if name in _field_names(part))
            changes[name] = parse(name, text, typing.get_type_hints(type(owner))[name])
        return self.replace(**changes)

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON-serializable nested dictionaries; `kind` in `model` names the model's class."""
        values = dataclasses.asdict(self)
        values["model"] = {"kind": type(self.model).__name__, **values["model"]}
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Config":
        """Inverse of `to_dict`, even after a round trip through JSON (lists become tuples again)."""
        for name, hint in (("precision", Precision), ("seed", int)):
            if not fits(values[name], hint):
                raise InputError(f"{name}: expected a value of the type {hint}; received {values[name]!r}")
        model = dict(values["model"])
        kind = model.pop("kind")
        kinds = {known.__name__: known for known in MODEL_CONFIGS}
        if kind not in kinds:
            raise InputError(f"expected a model kind among {', '.join(kinds)}; received {kind!r}")
        return cls(
            data=_revive(DataConfig, values["data"]),
            model=_revive(kinds[kind], model),
            train=_revive(TrainConfig, values["train"]),
            precision=values["precision"],
            seed=values["seed"],
        )

    def hash(self, data_fingerprint: str) -> str:
        """SHA-256 (hex) of the model's kind, all fields that differ from their defaults, and the fingerprint.

        `dataset` is left out, because the fingerprint identifies the images better than a name; `storage` is
        left out, because it does not affect results.
        """
        identity = {
            "data_fingerprint": data_fingerprint,
            "kind": type(self.model).__name__,
            "precision": self.precision,
            "seed": self.seed,
            "data": {k: v for k, v in _off_default(self.data).items() if k not in ("dataset", "storage")},
            "model": _off_default(self.model),
            "train": _off_default(self.train),
        }
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


MODEL_CONFIGS = typing.get_args(ModelConfig)


def _field_names(part: Any) -> list[str]:
    return [f.name for f in dataclasses.fields(part) if not dataclasses.is_dataclass(getattr(part, f.name))]


def _off_default(part: Any) -> dict[str, Any]:
    return {
        f.name: getattr(part, f.name) for f in dataclasses.fields(part) if getattr(part, f.name) != f.default
    }


def _revive(kind: type, values: dict[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    revived = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    for name, value in revived.items():
        if name in hints and not fits(value, hints[name]):
            raise InputError(f"{name}: expected a value of the type {hints[name]}; received {value!r}")
    return kind(**revived)
