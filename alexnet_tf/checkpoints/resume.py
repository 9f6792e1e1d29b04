"""Checkpoints: the state of an unfinished run, in one file that is replaced atomically."""

import io
import json
from pathlib import Path

import keras
import numpy as np

from alexnet_tf.runtime.archives import open_npz
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, write_bytes


def save_checkpoint(path: Path, model: keras.Model, config_hash: str, history: dict) -> None:
    """Writes all variables of model and optimizer, numbered by position, and the history so far.

    The variables are written one by one, because the list of variables includes the state of dropout's
    random generators, which Keras's weight files and `tf.train.Checkpoint` omit.

    Args:
        path: an .npz file; its folder is created if missing.
        model: a compiled and built model.
        config_hash: hash of the run, so that no other run resumes from this file.
        history: the history, as JSON-serializable values.
    """
    # Unlike Keras's own conversion, `.value.numpy()` works for mirrored variables too.
    arrays = {f"variable_{i:04d}": v.value.numpy() for i, v in enumerate(_variables(model))}
    header = json.dumps({"config_hash": config_hash, "history": history})
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(header), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, buffer.getvalue())


def restore_checkpoint(path: Path, model: keras.Model, config_hash: str) -> dict | None:
    """Sets the variables from a file of the same run and returns its history.

    Returns:
        The history, or None (and the model is unchanged) if there is no file or it belongs to another run.

    Raises:
        InputError: if the file is damaged, or its variables are not those of the model.
    """
    if not path.exists():
        return None
    variables = _variables(model)
    try:
        with open_npz(path) as file:
            header = json.loads(str(file["header"]))
            if header["config_hash"] != config_hash:
                return None
            if len(file.files) != len(variables) + 1:
                raise ValueError(f"{len(file.files) - 1} variables for {len(variables)} of the run")
            arrays = [file[f"variable_{i:04d}"] for i in range(len(variables))]
        for i, (variable, array) in enumerate(zip(variables, arrays, strict=True)):
            if array.shape != tuple(variable.shape):
                raise ValueError(f"variable {i} of shape {array.shape} for one of {tuple(variable.shape)}")
        if header["history"].get("status") == "done" and not all(map(_is_finite, arrays)):
            raise ValueError("variables that are not finite numbers")
    except UNREADABLE_ARCHIVE as error:
        raise InputError(
            f"expected a checkpoint of this run in {path}, received a damaged file ({error}); delete it "
            "to start the run anew"
        ) from error
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return header["history"]


def checkpoint_hash(path: Path) -> str | None:
    """The config hash of a checkpoint's run; None if the file is missing or damaged."""
    try:
        with open_npz(path) as file:
            return json.loads(str(file["header"]))["config_hash"]
    except UNREADABLE_ARCHIVE:
        return None


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array.sum()))


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
