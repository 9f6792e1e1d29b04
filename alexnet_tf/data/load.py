"""Loading of data sets by name."""

from dataclasses import dataclass

import numpy as np

from alexnet_tf.data.arrays import ImageSet
from alexnet_tf.data.scaling import Method, Scaling, central_square
from alexnet_tf.data.streaming.storage import MEMORY_LIMIT, Storage, is_streamed
from alexnet_tf.data.streaming.streamed_set import StreamedSet
from alexnet_tf.runtime.errors import InputError


@dataclass(frozen=True)
class DataAccess:
    """Where data sets are stored, and whether they may be downloaded.

    Attributes:
        data_dir: the TFDS data directory; if None, `$TFDS_DATA_DIR`, else TFDS's default.
        download: whether TFDS may download a set that is not on disk.
    """

    data_dir: str | None = None
    download: bool = True


def load_image_set(
    name: str,
    access: DataAccess = DataAccess(),
    image_size: int | None = None,
    storage: Storage = "auto",
    max_bytes: int = MEMORY_LIMIT,
    method: Method = "antialiased",
    may_keep_size: bool = False,
) -> ImageSet | StreamedSet:
    """Loads a data set into memory or, if it is large, prepares to stream it from disk.

    Args:
        name: `builtin`; a TFDS name, such as `cifar10` or `cifar10:3.0.2`; or `folder:PATH` (`load_folder`).
        image_size: side of the scaled images in pixels. By default, images are scaled to `DEFAULT_SIDE` if
            their sizes differ, or if the TFDS set does not declare their size.
        storage, max_bytes: see `is_streamed`.
        method: see `central_square`.
        may_keep_size: accept a method other than the default even if no image has to be scaled.

    Raises:
        InputError: if an argument is invalid, the set cannot be found, downloaded, read or held in memory, or
            a package is missing.

    Example:

    >>> load_image_set("builtin").classes
    10
    """
    if image_size is not None and image_size < 1:
        raise InputError(f"image_size: expected at least 1 pixel; received {image_size}")
    scaling = Scaling(image_size, method, may_keep_size)
    if name == "builtin" and storage == "stream":
        raise InputError("storage=stream: expected a folder or a TFDS set; received builtin")
    if name == "builtin":
        from alexnet_tf.data.sources.builtin import CLASS_NAMES, draw_builtin

        splits = draw_builtin()
        scaling.check_used([splits["train"][0].shape[1:3]])
        if image_size:
            is_streamed(name, 12_000, (image_size, image_size, 3), "memory")
            splits = {
                split: (np.stack([central_square(image, image_size, method) for image in images]), labels)
                for split, (images, labels) in splits.items()
            }
        return ImageSet.from_splits(name, CLASS_NAMES, splits["train"], splits["test"], "test")
    if name.startswith("folder:"):
        from alexnet_tf.data.sources.folder import load_folder

        return load_folder(name, scaling, storage, max_bytes)
    from alexnet_tf.data.sources.tfds import load_tfds

    return load_tfds(name, access.data_dir, access.download, scaling, storage, max_bytes)


def resolve_auto(dataset: str, data_dir: str | None = None) -> str:
    """`dataset` if it names a folder or a TFDS set on disk, else `builtin`; never uses the internet.

    Raises:
        InputError: if `data_dir` does not exist, or the description of the TFDS set cannot be read.
    """
    if dataset == "builtin" or dataset.startswith("folder:"):
        return dataset
    from alexnet_tf.data.sources.tfds import find_prepared

    return "builtin" if find_prepared(dataset, data_dir) is None else dataset
