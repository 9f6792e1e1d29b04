"""Image sets prepared on disk by TensorFlow Datasets (TFDS).

TFDS is slow to import, so functions import it when they are called.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.decode import decoded
from alexnet_tf.data.remarks import Remarks
from alexnet_tf.data.scaling import DEFAULT_SIDE, ImageShape, Scaling
from alexnet_tf.data.selection import hold_out
from alexnet_tf.data.sources.tfds_fetch import fetch, one_line
from alexnet_tf.data.sources.tfds_images import decode_as_tfds, make_decoder, read_split
from alexnet_tf.data.streaming.storage import Storage, is_streamed
from alexnet_tf.data.streaming.streamed_set import StreamedSet, open_scan
from alexnet_tf.data.streaming.tfds_records import TfdsRecords, check_records, check_sizes
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import MAX_TEXT, check_file

REPORT_SPLITS = {"test": "test", "validation": "validation", "val": "validation"}

FEATURES = "tensorflow_datasets.core.features."


def load_tfds(
    name: str, data_dir: str | None, download: bool, scaling: Scaling, storage: Storage, max_bytes: int
) -> ImageSet | StreamedSet:
    """Loads an image classification set from disk; with `download`, TFDS first downloads a missing set.

    The report split is test, else validation, else 20% of each class held out by `hold_out`. Splits without
    labels are skipped. Images that cannot be decoded are an error, unless the set is streamed or scaled; then
    the `quarantine` of the returned set lists them.

    Args:
        name: name in TFDS syntax: `cifar10`, `cifar10:3.0.2`, `imagenet_resized/32x32`.
        storage, max_bytes: determine whether the set is streamed; see `is_streamed`.

    Raises:
        InputError: if the set cannot be found, downloaded or read, is too large for `storage="memory"`, or is
            no image classification set; also if the scaling method is not the default, but no image has to
            be scaled.
        MemoryError: if the machine runs out of memory while the set is read.
    """
    directory = locate_data_dir(data_dir)
    builder = find_prepared(name, data_dir)
    if builder is None:
        fetch(name, directory, download)
        builder = find_prepared(name, data_dir)
    if builder is None:
        raise InputError(f"{name}: expected TFDS to have prepared it in {directory}; received nothing there")
    try:
        with _quiet():
            return _load(name, builder, scaling, storage, max_bytes)
    except (InputError, MemoryError):
        raise
    except Exception as error:
        if type(error).__name__ == "DataLossError":
            check_records(builder)
        raise _unreadable(name, builder.data_dir, error) from error


def find_prepared(name: str, data_dir: str | None) -> Any | None:
    """The TFDS builder of a set on disk, or None if there is none.

    If the name gives no version, the newest one is chosen. Only the files of the set are needed, not TFDS's
    code for it, and the network is never accessed.

    Raises:
        InputError: if `data_dir` does not exist, or the description of the set cannot be read.
    """
    from tensorflow_datasets.core import naming, read_only_builder, registered

    directory = locate_data_dir(data_dir)
    try:
        parsed = naming.parse_builder_name_kwargs(name)[0]
    except ValueError:
        return None
    if parsed.namespace:
        return None
    try:
        _check_files(directory, parsed.name)
        with _only_features_of_tfds():
            return read_only_builder.builder_from_files(name, data_dir=os.fspath(directory))
    except registered.DatasetNotFoundError:
        return None
    except Exception as error:
        raise _unreadable(name, os.fspath(directory), error) from error


def _check_files(directory: Path, name: str) -> None:
    """Raises an OSError for a text file that is too large, or a special file: a pipe would block TFDS."""
    for depth in range(1, 4):  # configuration, version, file
        for path in directory.glob("/".join([name, *"*" * depth])):
            # Another process may be preparing the set.
            with contextlib.suppress(FileNotFoundError):
                if not path.is_dir():
                    check_file(path, MAX_TEXT if path.suffix in (".json", ".txt") else math.inf)


@contextlib.contextmanager
def _only_features_of_tfds() -> Iterator[None]:
    """Makes TFDS raise a ValueError instead of importing a foreign class that a features.json names."""
    from tensorflow_datasets.core.features.feature import FeatureConnector

    original = FeatureConnector.__dict__["cls_from_name"]

    def own_class(name: str) -> type:
        if not name.startswith(FEATURES):
            raise ValueError(f"features.json names {name[:100]}, which is not a feature of TFDS")
        return original.__get__(None, FeatureConnector)(name)

    # A check of the file would miss names inside its strings, which TFDS may parse as JSON later.
    FeatureConnector.cls_from_name = staticmethod(own_class)
    try:
        yield
    finally:
        FeatureConnector.cls_from_name = original


def locate_data_dir(data_dir: str | None) -> Path:
    """The TFDS data directory: `data_dir`, else `$TFDS_DATA_DIR`, else TFDS's default.

    Raises:
        InputError: if `data_dir` is given but does not exist.
    """
    if data_dir is None:
        from tensorflow_datasets.core import constants

        return Path(os.path.expanduser(os.environ.get("TFDS_DATA_DIR") or constants.DATA_DIR))
    # `Path.expanduser` would raise an error for an unknown ~user, and `Path.is_dir` for an overlong name.
    path = Path(os.path.expanduser(data_dir))
    if not data_dir or not os.path.isdir(path):
        raise InputError(f"--data-dir: expected an existing directory; received {data_dir!r}")
    return path


def _load(
    name: str, builder: Any, scaling: Scaling, storage: Storage, max_bytes: int
) -> ImageSet | StreamedSet:
    info = builder.info
    image_key, label_key = _image_and_label(name, info)
    if "train" not in info.splits:
        raise InputError(f"{name}: expected a split named train; received {', '.join(info.splits) or 'none'}")
    reports = [s for s in REPORT_SPLITS if s in info.splits and _has_labels(builder, s, label_key)]
    splits = ["train", *reports[:1]]

    report_split = REPORT_SPLITS[reports[0]] if reports else "held-out"
    feature, names = info.features[image_key], info.features[label_key].names
    height, width, channels = feature.shape
    varies = height is None or width is None
    side = scaling.side or (DEFAULT_SIDE if varies else None)
    shape = (side, side, channels or 3) if side else (height, width, channels or 3)
    as_stored = side in (None, height) and side in (None, width)
    if as_stored:
        scaling.check_used([(height, width)])
    count = sum(info.splits[split].num_examples for split in splits)
    if is_streamed(name, count, shape, storage, max_bytes):
        decode = partial(decode_as_tfds, feature) if as_stored else partial(decoded, channels=shape[2])
        records = TfdsRecords(builder, splits, (image_key, label_key), shape[2], decode)
        rows = np.arange(len(records))
        trained = info.splits["train"].num_examples
        groups = rows[:trained], rows[trained:] if reports else None
        used = Scaling() if as_stored else Scaling(side, scaling.method)
        scan = open_scan(name, records, groups, used, [shape[:2]])
        return StreamedSet(name, names, records, scan, report_split)

    quarantine: list[tuple[str, str]] = []
    check_sizes(builder, "train")
    keys, decode_chunk = (image_key, label_key), make_decoder(feature, shape) if as_stored else None
    target = ImageShape(shape, None if as_stored else scaling.method)
    read = [read_split(builder, split, keys, target, decode_chunk, quarantine) for split in splits]
    train, report = read if reports else hold_out(*read[0])
    return ImageSet.from_splits(name, names, train, report, report_split, Remarks(tuple(quarantine)))


def _image_and_label(name: str, info: Any) -> tuple[str, str]:
    import tensorflow_datasets as tfds

    features = dict(info.features) if isinstance(info.features, tfds.features.FeaturesDict) else {}
    images = [key for key, feature in features.items() if type(feature) is tfds.features.Image]
    labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    # `supervised_keys` chooses among several: cifar100 has coarse and fine labels.
    keys: tuple[str, ...] = info.supervised_keys or ()
    if not (len(keys) == 2 and keys[0] in images and keys[1] in labels):
        if len(images) != 1 or len(labels) != 1:
            raise InputError(
                f"{name}: expected a set with one image and one class label per example; "
                f"received features {', '.join(features) or type(info.features).__name__}"
            )
        keys = images[0], labels[0]
    image = features[keys[0]]
    if image.np_dtype != np.uint8 or image.shape[2] not in (1, 3, None):
        raise InputError(
            f"{name}: expected 8-bit images of 1 or 3 channels; received {image.np_dtype} {image.shape}"
        )
    return keys[0], keys[1]


def _has_labels(builder: Any, split: str, label_key: str) -> bool:
    """Whether the first label is valid; in test splits of competitions, all are -1."""
    import tensorflow_datasets as tfds

    check_sizes(builder, split)
    decoders = tfds.decode.PartialDecoding({label_key: True})
    first = builder.as_dataset(split=split, decoders=decoders).take(1)
    return all(example[label_key] >= 0 for example in tfds.as_numpy(first))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppresses TFDS's warnings about its own use of deprecated names."""
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _unreadable(name: str, where: str, error: Exception) -> InputError:
    # TFDS and TensorFlow may raise exceptions of any type.
    received = f"{type(error).__name__}: {one_line(error)[:200]}"
    return InputError(f"{name}: expected a readable TFDS set in {where}; received {received}")
