"""Names and paths of the files of a trained network, without importing TensorFlow."""

import argparse
import os
from pathlib import Path

from alexnet_tf.runtime.errors import InputError

EPOCHS_FOLDER = "epochs"
MODEL, FACTS, PREPROCESSING = "model.keras", "model.json", "preprocessing.npz"


def folder_of(path: Path) -> Path:
    """The folder of a trained network, given the folder itself, its model.keras or its saved weights.

    Example:

    >>> folder_of(Path("net/epochs/0003.weights.h5")).as_posix(), folder_of(Path("net")).as_posix()
    ('net', 'net')
    """
    if path.name.endswith(".weights.h5"):
        return path.parent.parent if path.parent.name == EPOCHS_FOLDER else path.parent
    return path.parent if path.name == MODEL else path


def check_paths(options: argparse.Namespace) -> None:
    """Raises an InputError if a network given to a command has no model.json, or if `--out` is a file."""
    named = getattr(options, "checkpoint", None) or []
    given = [("--checkpoint", path) for path in (named if isinstance(named, list) else [named])]
    if getattr(options, "start", None):
        given.append(("--from", options.start))
    for flag, path in given:
        if not (folder_of(path) / FACTS).is_file():
            raise InputError(
                f"{flag}: expected a folder with {MODEL}, {FACTS} and {PREPROCESSING}; received {path}, "
                + (f"which has no {FACTS}" if path.exists() else "which does not exist")
            )
    out = getattr(options, "out", None)
    if out and os.path.exists(out) and not os.path.isdir(out):
        raise InputError(f"--out: expected a folder; received {out}, which is not a folder")


def check_new(out: Path) -> None:
    """Raises an InputError unless `out` is a new folder, or an empty one that a new folder can replace."""
    try:
        if any(out.iterdir()):
            reason = "which is not empty"
        elif os.path.ismount(out) or out.samefile(os.curdir):
            reason = "a mount point or the current folder, which cannot be replaced; name a folder in it"
        else:
            return
    except FileNotFoundError:
        return
    except OSError as error:
        reason = str(error.strerror)
    raise InputError(f"--out: expected a new or an empty folder; received {out}, {reason}")
