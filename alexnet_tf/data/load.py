"""From a data set's name to its images in memory."""

import numpy as np

from alexnet_tf.data.arrays import ImageSet, check_memory, results_slug
from alexnet_tf.errors import InputError

__all__ = ["load_image_set", "resolve_auto", "results_slug"]

MEMORY_LIMIT = 8 * 10**9


def load_image_set(
    name: str,
    data_dir: str | None = None,
    download: bool = True,
    image_size: int | None = None,
    max_bytes: int = MEMORY_LIMIT,
) -> ImageSet:
    """Loads the named images into memory.

    A data directory of TFDS is code, not only data: its `features.json` names Python modules that are
    imported. Load only directories you trust.

    Args:
        name: `builtin`; a TFDS name, such as `cifar10` or `cifar10:3.0.2`; or `folder:PATH`, a tree with
            one folder of images per class.
        data_dir: where TFDS keeps its sets; else `$TFDS_DATA_DIR`, else TFDS's default.
        download: let TFDS fetch a set that is not on disk.
        image_size: side in pixels of the central square that images are brought to; by default the set's
            own size, or 256 where its images vary (paper, section 2). The built-in images keep theirs.
        max_bytes: bound on the memory for the decoded images.

    Raises:
        InputError: for a set that cannot be found, fetched, read or held in memory.

    Example:

    >>> load_image_set("builtin").classes
    10
    """
    if image_size is not None and image_size < 1:
        raise InputError(f"expected an image size of at least 1 pixel; received {image_size}")
    if name == "builtin":
        from alexnet_tf.data.builtin import CLASS_NAMES, draw_builtin

        splits = draw_builtin()
        if image_size:
            from alexnet_tf.data.decode import central_square

            check_memory(name, 12_000, (image_size, image_size, 3), max_bytes)
            splits = {
                split: (np.stack([central_square(image, image_size) for image in images]), labels)
                for split, (images, labels) in splits.items()
            }
        return ImageSet.from_splits(name, CLASS_NAMES, splits["train"], splits["test"], "test")
    if name.startswith("folder:"):
        from alexnet_tf.data.folder_source import load_folder

        return load_folder(name, image_size=image_size, max_bytes=max_bytes)
    from alexnet_tf.data.tfds_source import load_tfds

    return load_tfds(name, data_dir, download=download, image_size=image_size, max_bytes=max_bytes)


def resolve_auto(dataset: str, data_dir: str | None = None) -> str:
    """The experiment's own data set where it is on disk, else `builtin`; never touches the network.

    Raises:
        InputError: for a `data_dir` that does not exist.
    """
    if dataset == "builtin" or dataset.startswith("folder:"):
        return dataset
    from alexnet_tf.data.tfds_source import find_prepared

    return "builtin" if find_prepared(dataset, data_dir) is None else dataset
