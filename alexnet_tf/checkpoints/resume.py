"""Checkpoints: the state of an unfinished run, in files that are replaced atomically.

A run keeps the newest checkpoint, the one before it (`.previous`) and the best epoch's (`.best`). It resumes
from the first of these that is intact.
"""

import contextlib
import hashlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alexnet_tf.runtime.archives import open_npz
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE, rename, sync_folder, temporary_path, write_bytes
from alexnet_tf.runtime.reading import open_file

PREVIOUS, BEST = ".previous", ".best"
# The checksum follows the archive; NumPy ignores it when it loads the .npz file.
_MARK = b"sha256:"
_MARK_BYTES = len(_MARK) + hashlib.sha256().digest_size


def save_checkpoint(
    path: Path, model: keras.Model, config_hash: str, history: dict, is_best: bool = False
) -> None:
    """Writes all variables of model, optimizer and metrics, and the history so far.

    Unlike Keras's weight files and `tf.train.Checkpoint`, the file has the state of dropout's generators.

    Args:
        config_hash: hash of the run; runs with another hash do not resume from this file.
        history: JSON-serializable values.
    """
    header = json.dumps({"config_hash": config_hash, "history": history})
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"variable_{i:04d}": array for i, array in enumerate(variable_values(model))}
    np.savez(buffer, header=np.array(header), **arrays)
    buffer.seek(0, os.SEEK_END)
    buffer.write(checksum(buffer.getbuffer()))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, buffer.getbuffer(), _beside(path, PREVIOUS))
    if is_best:
        try:
            link = temporary_path(path)
            os.link(path, link)
            rename(link, _beside(path, BEST))
        except OSError:
            # The file system has no hard links.
            write_bytes(_beside(path, BEST), buffer.getbuffer())


def restore_checkpoint(path: Path, model: keras.Model, config_hash: str) -> dict | None:
    """Restores model, optimizer and metrics from the run's first intact checkpoint; prints the damaged ones.

    Returns:
        The history, or None if there is no checkpoint of this run; the model is then unchanged.

    Raises:
        InputError: if there are checkpoints that are damaged or do not fit the model, and no intact one.
    """
    damaged: list[str] = []
    for file in _files(path):
        try:
            header, arrays = _read(file)
            if header["config_hash"] != config_hash:
                continue
            _check(arrays, [np.shape(value) for value in variable_values(model)], header["history"])
        except UNREADABLE_ARCHIVE as error:
            damaged.append(f"{file} ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
            continue
        if damaged:
            print(f"damaged: {', '.join(damaged)}; resuming from {file}", file=sys.stderr, flush=True)
        assign_values(model, arrays)
        return header["history"]
    if damaged:
        raise InputError(
            f"expected a whole checkpoint of this run in {path}; received: {', '.join(damaged)}; delete "
            f"{path}* to start over"
        )
    return None


def checkpoint_hash(path: Path) -> str | None:
    """The config hash in the first readable checkpoint; None if there is none."""
    for file in _files(path):
        with contextlib.suppress(*UNREADABLE_ARCHIVE), open_npz(file) as content:
            return json.loads(str(content["header"]))["config_hash"]
    return None


def has_checkpoint(path: Path) -> bool:
    """Whether a run has left a checkpoint, intact or damaged."""
    return bool(_files(path))


def remove_checkpoint(path: Path, but_newest: bool = False) -> None:
    """Removes a run's checkpoints, the newest last; with `but_newest`, keeps the newest."""
    for file in reversed(_files(path)):
        if not (but_newest and file == path):
            file.unlink(missing_ok=True)
    sync_folder(path.parent)


def checksum(content: bytes | memoryview) -> bytes:
    """The bytes that end a checkpoint file: `_MARK` and the SHA-256 of the content before it."""
    return _MARK + hashlib.sha256(content).digest()


def variable_values(model: keras.Model) -> list[np.ndarray]:
    """The values of the variables of model, optimizer and metrics; of metrics, for each local replica."""
    # Unlike Keras's own conversion, `.value.numpy()` works for mirrored variables too.
    return [v.value.numpy() for v in _variables(model)] + [part.numpy() for part in _metric_parts(model)]


def assign_values(model: keras.Model, values: list[np.ndarray]) -> None:
    for variable, value in zip([*_variables(model), *_metric_parts(model)], values, strict=True):
        variable.assign(value)


def _check(arrays: list[np.ndarray], shapes: list[tuple[int, ...]], history: dict) -> None:
    if len(arrays) != len(shapes):
        reason = f"{len(arrays)} variables where the run has {len(shapes)}"
        raise ValueError(f"{reason}, as with another number of --replicas")
    for i, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if array.shape != shape:
            raise ValueError(f"variable {i} of shape {array.shape} where the run has {shape}")
    is_finite = all(array.dtype.kind != "f" or np.isfinite(array.sum()) for array in arrays)
    if history.get("status") == "done" and not is_finite:
        raise ValueError("variables that are not finite")


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


def _metric_parts(model: keras.Model) -> list:
    """The variables of the metrics on each local replica; a metric's own value is the sum over replicas."""
    return [part for v in model.metrics_variables for part in getattr(v.value, "values", [v.value])]


def _read(path: Path) -> tuple[dict, list[np.ndarray]]:
    with open_file(path) as file:
        content = memoryview(file.read())
    if content[-_MARK_BYTES:] != checksum(content[:-_MARK_BYTES]):
        raise ValueError("its checksum does not match its content")
    with open_npz(path) as file:
        header = json.loads(str(file["header"]))
        return header, [file[name] for name in sorted(file.files) if name != "header"]


def _files(path: Path) -> list[Path]:
    """The files that exist, in the order in which a run resumes from them."""
    return [file for file in (path, _beside(path, PREVIOUS), _beside(path, BEST)) if file.exists()]


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
