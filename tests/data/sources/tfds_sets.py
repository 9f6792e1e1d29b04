import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.load import DataAccess, load_image_set
from alexnet_tf.data.streaming.streamed_set import StreamedSet


def write_set(data_dir: Path, name: str, splits: dict[str, int], **options: Any) -> None:
    """Writes a TFDS set with `splits[split]` random images for each split, labelled 0, 1, 0, 1, ...

    The options are those of `_written`. In the split that `unlabelled` names, all labels are -1.
    """
    shutil.copytree(_written(name, tuple(splits.items()), **options).name, data_dir, dirs_exist_ok=True)


# Each set is written once and then copied, because TFDS takes long even for a small set.
@functools.cache
def _written(
    name: str,
    splits: tuple[tuple[str, int], ...],
    shape: tuple[int | None, int | None, int] = (8, 8, 3),
    version: str = "1.0.0",
    labels: tuple[str, ...] = ("label",),
    unlabelled: str = "",
    image_type: Any = None,
) -> tempfile.TemporaryDirectory:
    import tensorflow_datasets as tfds

    folder = tempfile.TemporaryDirectory()
    tfds.disable_progress_bar()
    rng = np.random.default_rng(0)

    def examples(split: str, count: int) -> list[tuple[int, dict[str, Any]]]:
        def example(i: int) -> dict[str, Any]:
            size = (shape[0] or 20 + i, shape[1] or 40 - i, shape[2])
            label = -1 if split == unlabelled else i % 2
            image = rng.integers(0, 256, size).astype(np.uint8)
            return {"image": image, **dict.fromkeys(labels, label)}

        return [(i, example(i)) for i in range(count)]

    features = {key: tfds.features.ClassLabel(names=["cat", "dog"]) for key in labels}
    features["image"] = image_type or tfds.features.Image(shape=shape, encoding_format="png")
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        features=tfds.features.FeaturesDict(features),
        split_datasets={split: examples(split, count) for split, count in splits},
        data_dir=folder.name,
        disable_shuffling=True,
    )
    return folder


def load(data_dir: Path, name: str, **options: Any) -> ImageSet | StreamedSet:
    return load_image_set(name, DataAccess(str(data_dir)), **options)


def both_storages(
    data_dir: Path, name: str, image_size: int | None, **options: Any
) -> tuple[ImageSet, StreamedSet]:
    options["image_size"] = image_size
    return tuple(load(data_dir, name, storage=kind, **options) for kind in ("memory", "stream"))


def record_file(data_dir: Path, name: str = "tiny_pets", split: str = "train") -> Path:
    (path,) = (data_dir / name / "1.0.0").glob(f"*-{split}.tfrecord*")
    return path


def replace_image(path: Path, place: int, image: bytes) -> None:
    import tensorflow as tf

    records = [tf.train.Example.FromString(r) for r in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    records[place].features.feature["image"].bytes_list.value[0] = image
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record.SerializeToString())


def cut_into_shards(folder: Path, split: str, sizes: list[int]) -> None:
    """Replaces the only file of a split by files of `sizes` records, as large sets have them.

    TFDS then interleaves the records of the files.
    """
    import tensorflow as tf

    (whole,) = folder.glob(f"*-{split}.tfrecord*")
    records = list(tf.data.TFRecordDataset(str(whole)).as_numpy_iterator())
    whole.unlink()
    for i, size in enumerate(sizes):
        name = whole.name.split(".tfrecord")[0] + f".tfrecord-{i:05}-of-{len(sizes):05}"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for record in records[:size]:
                writer.write(record)
        records = records[size:]
    info = json.loads((folder / "dataset_info.json").read_text())
    for part in info["splits"]:
        if part["name"] == split:
            part["shardLengths"] = [str(size) for size in sizes]
    info.pop("disableShuffling", None)
    (folder / "dataset_info.json").write_text(json.dumps(info))


def record_places(path: Path) -> list[tuple[int, int]]:
    """(start, size) of the content of each record of a TFRecord file."""
    content, places, start = path.read_bytes(), [], 0
    while start < len(content):
        size = int.from_bytes(content[start : start + 8], "little")
        places.append((start + 12, size))
        start += 12 + size + 4
    return places
