"""Checks and preparations at the start of every command."""

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.reading import SPECIAL_FILES, file_kind, read_json

# The layers and the recorded numbers require these settings, which are Keras's defaults.
KERAS_SETTINGS = {
    "backend": "tensorflow",
    "floatx": "float32",
    "image_data_format": "channels_last",
    "epsilon": 1e-7,
    "nnx_enabled": False,
}
# Variables for parts of Keras that are not used here: its training loop and its JAX backend.
KERAS_VARIABLES = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED")
# Variables that make oneDNN keep the first step's weights, or change its precision or its instructions.
ONEDNN_VARIABLES = (
    "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS",
    "TF_SET_ONEDNN_FPMATH_MODE",
    *(f"{name}_{what}" for name in ("ONEDNN", "DNNL") for what in ("DEFAULT_FPMATH_MODE", "MAX_CPU_ISA")),
)
# With 0 TensorFlow chooses the number of threads.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
MOST_THREADS = 4096
XLA_FLAGS = ("XLA_FLAGS", "TF_XLA_FLAGS")
# TensorFlow 2.21 ends the process if it cannot read the value of one of these variables.
ENDING = (
    *XLA_FLAGS, "TF_DETERMINISTIC_OPS", "TF_DETERMINISTIC_ORDER", "TF_ENABLED_DEVICE_TYPES",
    "TF_ENABLE_ASYNC_WAIT_FOR_REMOTE_FUNCTION", "TF_JITRT_FLAGS", "TF_PER_DEVICE_MEMORY_LIMIT_MB",
    "TF_PFLR_PARALLEL_INSTANTIATE_THRESHOLD", "TF_USE_CUBLASLT",
)  # fmt: skip
_TRIAL = """
import tensorflow as tf
list(tf.data.Dataset.range(2).map(lambda number: number + 1))
tf.function(lambda: tf.random.stateless_uniform([2, 2], [1, 2]) @ tf.ones([2, 2]), jit_compile=True)()
"""
# Packages that Keras imports if they are installed, for features that no command uses.
UNUSED_BY_KERAS = ("pandas", "matplotlib", "IPython")
# The file descriptor of the user's standard error, even while `quiet_startup` hides it.
shown_stderr = 2


def settle_environment() -> None:
    """Checks the settings that a command was started with, and opens closed standard streams.

    Raises:
        InputError: for a setting that makes layers fail, changes numbers, has no effect or cannot be read.
    """
    _open_streams()
    # A notebook's terminal sets MPLBACKEND to a backend that can be missing here.
    os.environ["MPLBACKEND"] = "agg"
    check_keras_settings(KERAS_SETTINGS)
    for name in THREADS:
        text = os.environ.get(name) or "0"
        if not (re.fullmatch("[0-9]{1,9}", text) and int(text) <= MOST_THREADS):
            expected = f"a whole number from 0 to {MOST_THREADS}"
            raise InputError(f"{name}: expected {expected}; received {text[:40]!r}; change it, or unset it")
    for name in KERAS_VARIABLES:
        if name in os.environ:  # an empty value of the first two makes Keras fail
            raise InputError(f"{name}: expected no value, as it has no effect here; received one; unset it")
    for name in ONEDNN_VARIABLES:
        if value := os.environ.get(name):
            raise InputError(
                f"{name}: expected no value, as it changes numbers; received {value[:40]!r}; unset it"
            )
    _check_temporary_folder()
    _check_variables_of_tensorflow()


def _check_temporary_folder() -> None:
    """Refuses a path that is not UTF-8, because AutoGraph passes paths in this folder to TensorFlow."""
    try:
        folder = tempfile.gettempdir()
        folder.encode()
    except FileNotFoundError:
        return  # without such a folder AutoGraph writes no code
    except UnicodeEncodeError as error:
        raise InputError(
            f"TMPDIR: expected a folder with a path in UTF-8; received {folder!a}; choose another"
        ) from error


def _check_variables_of_tensorflow() -> None:
    """Tries values of `ENDING` other than 0 and 1 in another process, because TensorFlow may crash.

    Raises:
        InputError: if that process fails.
    """
    given = {name: os.environ[name] for name in ENDING if os.environ.get(name, "1") not in ("0", "1")}
    if not given:
        return
    trial = [sys.executable, "-P", "-c", _TRIAL]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(trial, env=environment, capture_output=True, text=True, errors="replace")
    if not done.returncode:
        return
    fatal = re.search(r"^F[^]]*\] ?(.*)", done.stderr, re.MULTILINE)
    reason = fatal[1] if fatal else (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    raise InputError(
        f"{' and '.join(given)}: expected values that TensorFlow can read; received "
        f"{' and '.join(map(repr, given.values()))} ({reason.strip()}); correct them, or unset them"
    )


def _open_streams() -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The next file to be opened would get this number, and C++ code would write its messages into it.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (open until the process ends)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def check_keras_settings(names: Iterable[str]) -> None:
    """Raises an InputError if Keras would start with other values of these `KERAS_SETTINGS`."""
    # This repeats Keras's own search for its settings, because importing Keras would take seconds.
    base = os.path.expanduser("~")
    default = os.path.join(base if os.access(base, os.W_OK) else "/tmp", ".keras")
    # An empty KERAS_HOME means the current folder.
    path = Path(os.path.expanduser(os.path.join(os.environ.get("KERAS_HOME", default), "keras.json")))
    found = {}
    kind = file_kind(path)
    if kind == "a file":
        with contextlib.suppress(InputError):  # Keras ignores an invalid file, too
            found = read_json(path)
    if not isinstance(found, dict) or kind in SPECIAL_FILES:
        received = kind if kind in SPECIAL_FILES else type(found).__name__
        raise InputError(f"{path}: expected a JSON object of settings; received {received}; remove it")
    given = {name: (f"{path}: {name}", value) for name, value in found.items()}
    if os.environ.get("KERAS_BACKEND"):
        given["backend"] = "KERAS_BACKEND", os.environ["KERAS_BACKEND"]
    for name in names:
        expected = KERAS_SETTINGS[name]
        place, value = given.get(name, ("", expected))
        if value != expected:
            way_out = "unset it" if place == "KERAS_BACKEND" else "change it, or set another KERAS_HOME"
            raise InputError(f"{place}: expected {expected!r}; received {value!r}; {way_out} for alexnet_tf")


def import_keras() -> None:
    """Imports Keras and TensorFlow without `UNUSED_BY_KERAS`, to save time."""
    hidden = [name for name in UNUSED_BY_KERAS if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        importlib.import_module("keras")
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def quiet_startup() -> Iterator[None]:
    """Hides standard error, and shows it after an exception that is not an InputError.

    TensorFlow's C++ code prints a page of notices before it reads `TF_CPP_MIN_LOG_LEVEL`.
    """
    global shown_stderr
    sys.stderr.flush()
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 (used in the `with` below)
    except OSError:  # there is no folder for temporary files
        yield
        return
    kept = shown_stderr = os.dup(2)
    with file as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except InputError:
            raise
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            shown_stderr = 2
            os.close(kept)
