"""Arrays cached on disk, valid until one of the files from which they were computed changes."""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.runtime.archives import open_npz
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, write_bytes


def cache_folder() -> Path:
    """Path of the cache folder, which may not exist, and can be deleted at any time.

    Raises:
        OSError: if the user has no home folder and `XDG_CACHE_HOME` is not set.
    """
    folder = os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    if folder.startswith("~"):
        raise OSError(0, "no home folder; XDG_CACHE_HOME can name another folder", folder)
    return Path(folder) / "alexnet_tf"


def cache_name(slug: str, *parts: object) -> str:
    """A readable name for `save_arrays`; different `parts` give different names.

    Example:

    >>> cache_name("folder-pets", "/data/pets", 256)
    'folder-pets-fa6f2a84b765'
    """
    return f"{slug}-{_digest(parts)[:12]}"


def load_arrays(name: str, identity: dict) -> dict[str, np.ndarray] | None:
    """The arrays saved with this name and identity; None if there are none or their file is damaged."""
    try:
        with open_npz(cache_folder() / f"{name}.npz") as file:
            if str(file["identity"]) == _digest(identity):
                return {key: file[key] for key in file.files if key != "identity"}
    except UNREADABLE_ARCHIVE:
        pass
    return None


def save_arrays(name: str, identity: dict, arrays: dict[str, np.ndarray]) -> str | None:
    """Saves arrays; returns the reason if that fails.

    A failure raises no error, because it only makes the next run slower.

    Args:
        identity: JSON-serialisable; it must change whenever the arrays may change.
    """
    buffer = io.BytesIO()
    named: dict[str, Any] = {"identity": np.array(_digest(identity)), **arrays}
    np.savez(buffer, **named)
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / f"{name}.npz", buffer.getvalue())
    except (OSError, InputError) as error:
        return str(error)
    return None


def _digest(identity: dict | tuple) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
