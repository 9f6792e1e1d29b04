"""Tiny ImageNet as data sets of TensorFlow Datasets (TFDS).

Importing this module registers `tiny_imagenet200` and `tiny_imagenet100` with TFDS.
"""

import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from alexnet_tf.data.sources.class_words import TINY_IMAGENET_CLASSES

URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
ROOT = PurePosixPath("tiny-imagenet-200")
SIDE = 64

_Example = tuple[str, dict[str, Any]]


def class_ids(step: int = 1) -> list[str]:
    """Every `step`-th of the sorted WordNet ids, in label order.

    Example:

    >>> class_ids()[:3], class_ids(step=2)[:2]
    (['n01443537', 'n01629819', 'n01641577'], ['n01443537', 'n01641577'])
    """
    return TINY_IMAGENET_CLASSES.read_text("ascii").split()[::step]


class TinyImagenet200(tfds.core.GeneratorBasedBuilder):
    """All 200 classes: 500 training and 50 validation images each, 64x64.

    The archive's test images are left out, because their labels are not public.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "Initial release."}
    STEP: ClassVar = 1
    url_infos: ClassVar = {
        URL: tfds.download.checksums.UrlInfo(
            size=248_100_043,
            checksum="6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
            filename="tiny-imagenet-200.zip",
        )
    }

    def _info(self) -> tfds.core.DatasetInfo:
        ids = class_ids(self.STEP)
        features = {
            "id": tfds.features.Text(),
            "image": tfds.features.Image(shape=(SIDE, SIDE, 3), encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(names=ids),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"Tiny ImageNet, {len(ids)} of its 200 classes: 500 training and 50 validation "
            f"images each, {SIDE}x{SIDE} JPEG.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage="http://cs231n.stanford.edu/",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator[_Example]]:
        archive = dl_manager.download(URL)
        return {
            "train": self._generate_examples(archive, "train"),
            "validation": self._generate_examples(archive, "validation"),
        }

    def _generate_examples(self, archive: Any, split: str) -> Iterator[_Example]:
        with zipfile.ZipFile(archive) as files:
            ids = set(files.read(str(ROOT / "wnids.txt")).decode().split())
            known = set(class_ids())
            if ids != known:
                raise ValueError(
                    f"expected the 200 known classes in wnids.txt; received {len(ids)} ids, "
                    f"{len(ids & known)} of them known"
                )
            chosen = set(self.info.features["label"].names)
            named = _training_files(files) if split == "train" else _validation_files(files)
            for path, wordnet_id in named:
                if wordnet_id in chosen:
                    key = PurePosixPath(path).stem
                    yield key, {"id": key, "image": files.read(path), "label": wordnet_id}


class TinyImagenet100(TinyImagenet200):
    """The 100 classes with an even index in the sorted list of WordNet ids."""

    STEP: ClassVar = 2


def _training_files(files: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(path, WordNet id) of each file train/<id>/images/<id>_<number>.JPEG."""
    for path in files.namelist():
        match PurePosixPath(path).parts:
            case (root, "train", wordnet_id, "images", _) if root == ROOT.name:
                yield path, wordnet_id


def _validation_files(files: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    folder = ROOT / "val"
    for line in files.read(str(folder / "val_annotations.txt")).decode().splitlines():
        name, wordnet_id, *_ = line.split("\t")
        yield str(folder / "images" / name), wordnet_id
