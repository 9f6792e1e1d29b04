"""The configuration of a run: frozen dataclasses, and their hash.

A run is determined by its `Config` and its data (pixels and labels), so one hash of both identifies it. The
hash includes a field of a section only if its value differs from the default. Old hashes therefore stay valid
if a new field's default is the previous behaviour. A released default must never change.
"""

import dataclasses
import hashlib
import json
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from alexnet_tf.config.models import CifarNetConfig, ModelConfig
from alexnet_tf.config.values import check_type, parse
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.suggestion import did_you_mean

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
PRECISIONS = typing.get_args(Precision)


@dataclass(frozen=True)
class DataConfig:
    """Which images a run uses, and how they are preprocessed and augmented.

    Attributes:
        dataset: `builtin`, a TFDS name, or `folder:PATH`.
        image_size: height and width of the images in pixels: the shorter side is scaled to it, and the
            central square is cut out. With 0, images of one size keep it, and images of different sizes
            become 256 pixels high and wide.
        input_scale: `raw` is the pixels, 0..255, minus the mean image; `unit` divides this by the standard
            deviation of all training pixels.
        pad: number of rows and columns of zeros (after mean subtraction) added on each side before the crop.
        crop: side of the square crop in pixels. 0 for no crop; with `pad`, 0 means the shorter side of the
            image before padding.
        flip: mirror each training image horizontally with probability 1/2.
        color_noise: PCA colour noise. `code` scales it by the standard deviations of pixels in 0..255
            (authors' program), `paper` by the eigenvalues of pixels in 0..1 (section 4.1).
        holdout: hold 10% of the training images of each class out of training, as the selection split.
        vertical_flip: turn each training image upside down with probability 1/2.
        rotation: rotate each training image by a random angle, uniform in -rotation..rotation, in degrees.
        brightness: add one random number to all pixels of each training image: 255 grey levels times a
            uniform number in -brightness..brightness.
        gaussian_noise: standard deviation, in grey levels, of the noise added to each pixel and channel
            of a training image.
        color_noise_until: last epoch with colour noise, 67 in the authors' program; 0 for no end.
        crop_position: where training images are cropped.
        scaling: how images are scaled to `image_size` (see `alexnet_tf.data.scaling.central_square`);
            `bilinear` is faster, but needs OpenCV (`pip install opencv-python-headless`).
        storage: `memory` keeps images in memory, `stream` reads them from disk. `auto` streams a set that
            takes more than 4 GiB or half of the machine's memory. Does not affect results.
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
        weight_decay: L2 coefficient (section 5), on kernels only.
        bias_rate: learning rate of biases as a multiple of the weights' (2 in the authors' program).
        schedule: `constant`; `steps` divides the rate by `drop_factor` after each epoch of `drops`;
            `plateau` divides it when `watch` stops improving.
        patience: number of epochs without improvement that count as a plateau.
        max_drops: how many times `plateau` divides the rate; the next plateau ends the run.
        stop_train_error: target of the training error. The run ends `stop_extra_epochs` epochs after the
            first epoch with an error at or below it; 0 for no target.
        optimizer: `momentum` is the paper's rule; `amsgrad` is Adam with a denominator that never decreases.
        min_learning_rate: lower bound of the rate.
        watch: quantity that `plateau` watches, measured on the selection split.
        early_stopping: the run ends after this many epochs without improvement; 0 for never.
        early_stopping_watch: quantity that `early_stopping` watches; `train_loss` is measured after each
            epoch, without augmentation and dropout.
        start: fingerprint of the trained network that the run starts from
            (`alexnet_tf.checkpoints.transfer`); empty for a random initialisation.
        freeze: name of a layer; it and all layers before it are not trained. Empty to train all layers.
        freeze_conv1_after: last epoch in which conv1 is trained, 72 in the authors' program; 0 for no end.
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
    """The configuration of a run.

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
        """Returns a copy with changed fields (of any section) or changed whole sections.

        Raises:
            InputError: for an unknown field.
        """
        sections = {name: changes.pop(name, getattr(self, name)) for name in ("data", "model", "train")}
        top = {}
        for name, value in changes.items():
            for section, part in sections.items():
                if name in _field_names(part):
                    sections[section] = dataclasses.replace(part, **{name: value})
                    break
            else:
                known = self.field_names()
                if name not in known:
                    meant = did_you_mean(name, known)
                    raise InputError(
                        f"expected a config field, one of {', '.join(known)}; received {name!r}{meant}"
                    )
                top[name] = value
        return dataclasses.replace(self, **{**sections, **top})

    def field_names(self) -> list[str]:
        """The names of the fields of all sections; `replace` accepts them."""
        return [name for part in (self, self.data, self.model, self.train) for name in _field_names(part)]

    def with_settings(self, *settings: str) -> "Config":
        """Returns a copy changed by `field=value` strings; each value is parsed as its field's type.

        Raises:
            InputError: for a string of another form, an unknown field, a field given two different values, a
                value of the wrong type, or `dataset` or `seed`.

        Example:

        >>> Config().with_settings("drops=20,30", "epochs=40").train.drops
        (20, 30)
        """
        # The data set and the seed have flags of their own, which do more than change the field.
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
        """Inverse of `to_dict`, even after a round trip through JSON (lists become tuples again).

        Raises:
            InputError: for a value of the wrong type, or an unknown kind of model.
            KeyError: for a missing section, precision or seed.
            TypeError: for an unknown field.
        """
        for name, hint in (("precision", Precision), ("seed", int)):
            check_type(name, values[name], hint)
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
        """SHA-256 (hex) of the fingerprint, kind of model, precision, seed and changed fields.

        A field counts as changed if its value differs from its default. `dataset` is left out, because the
        fingerprint identifies the images better. `storage` is left out, because it does not affect results.
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
        if name in hints:
            check_type(name, value, hints[name])
    return kind(**revived)
