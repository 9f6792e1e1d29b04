"""Arrays kept on disk between runs, each valid as long as the files it was computed from.

They live in `$XDG_CACHE_HOME/alexnet_tf`, by default `~/.cache/alexnet_tf`, and can be deleted at any time.
"""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, write_bytes


def cache_folder() -> Path:
    """Where the arrays are kept; not made."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "alexnet_tf"


def cache_name(slug: str, *parts: object) -> str:
    """A name for `load_arrays` and `save_arrays`: readable, and another for other parts.

    Example:

    >>> cache_name("folder-pets", "/data/pets", 256)
    'folder-pets-fa6f2a84b765'
    """
    return f"{slug}-{_digest(parts)[:12]}"


def load_arrays(name: str, identity: dict) -> dict[str, np.ndarray] | None:
    """The arrays saved under this name for this identity, or None; a damaged file counts as none."""
    try:
        with (
            open(cache_folder() / f"{name}.npz", "rb") as stream,
            np.load(stream, allow_pickle=False) as file,
        ):
            if str(file["identity"]) == _digest(identity):
                return {key: file[key] for key in file.files if key != "identity"}
    except UNREADABLE_ARCHIVE:
        pass
    return None


def save_arrays(name: str, identity: dict, arrays: dict[str, np.ndarray]) -> str | None:
    """Keeps arrays in place of those of the same name.

    Returns:
        None, or why they could not be kept. That costs the next run time and is no reason to end this one.
    """
    buffer = io.BytesIO()
    named: dict[str, Any] = {"identity": np.array(_digest(identity)), **arrays}
    np.savez(buffer, **named)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / f"{name}.npz", buffer.getvalue())
    except (OSError, InputError) as error:
        return str(error)
    return None


def _digest(identity: dict | tuple) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
