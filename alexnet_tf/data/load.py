"""From a data set's name to its images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.streaming.storage import MEMORY_LIMIT, Storage, is_streamed
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError


@dataclass(frozen=True)
class DataAccess:
    """Where images come from and whether they may be fetched; nothing of it changes their pixels.

    Attributes:
        data_dir: the directory in which TFDS keeps its sets; by default `$TFDS_DATA_DIR`, else TFDS's own.
        download: whether TFDS may fetch a set that is not on disk.
        cache: folder for the decoded pixels of a set that streams from disk: written once, then read
            instead of the image files.
    """

    data_dir: str | None = None
    download: bool = True
    cache: Path | None = None


def load_image_set(
    name: str,
    access: DataAccess = DataAccess(),
    image_size: int | None = None,
    storage: Storage = "auto",
    max_bytes: int = MEMORY_LIMIT,
) -> ImageSet | StreamedSet:
    """Loads the named images into memory or, where they are many, prepares to read them from disk.

    A data directory of TFDS is code, not only data: its `features.json` names Python modules that are
    imported. Load only directories you trust.

    Args:
        name: `builtin`; a TFDS name, such as `cifar10` or `cifar10:3.0.2`; or `folder:PATH`, a tree with
            one folder of images per class.
        access: where TFDS keeps its sets, and whether it may fetch one that is not there.
        image_size: side in pixels of the central square that images are brought to; by default the set's
            own size, or 256 where its images vary (paper, section 2). The built-in images keep theirs.
        storage: `auto` streams what takes more than `max_bytes` decoded; `memory` and `stream` insist. The
            built-in images are drawn in memory.
        max_bytes: see above.

    Raises:
        InputError: for a set that cannot be found, fetched, read or held in memory.

    Example:

    >>> load_image_set("builtin").classes
    10
    """
    if image_size is not None and image_size < 1:
        raise InputError(f"expected an image size of at least 1 pixel; received {image_size}")
    if name == "builtin" and storage == "stream":
        raise InputError("storage stream: expected a folder or a TFDS set; received builtin")
    if name == "builtin":
        from alexnet_tf.data.sources.builtin import CLASS_NAMES, draw_builtin

        splits = draw_builtin()
        if image_size:
            from alexnet_tf.data.decode import central_square

            is_streamed(name, 12_000, (image_size, image_size, 3), "memory")
            splits = {
                split: (np.stack([central_square(image, image_size) for image in images]), labels)
                for split, (images, labels) in splits.items()
            }
        return ImageSet.from_splits(name, CLASS_NAMES, splits["train"], splits["test"], "test")
    if name.startswith("folder:"):
        from alexnet_tf.data.sources.folder import load_folder

        return load_folder(name, image_size, storage, max_bytes)
    from alexnet_tf.data.sources.tfds import load_tfds

    return load_tfds(name, access.data_dir, access.download, image_size, storage, max_bytes)


def resolve_auto(dataset: str, data_dir: str | None = None) -> str:
    """The experiment's own data set where it is on disk, else `builtin`; never touches the network.

    Raises:
        InputError: for a `data_dir` that does not exist.
    """
    if dataset == "builtin" or dataset.startswith("folder:"):
        return dataset
    from alexnet_tf.data.sources.tfds import find_prepared

    return "builtin" if find_prepared(dataset, data_dir) is None else dataset
