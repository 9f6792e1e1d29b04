"""The distribution strategy of a run."""

import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import sys
import warnings
from pathlib import Path

import tensorflow as tf

import alexnet_tf
from alexnet_tf.runtime.environment import PACKAGES, git_commit
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.startup import THREADS, XLA_FLAGS
from alexnet_tf.training.cluster import find_cluster
from alexnet_tf.training.workers import meet

# This many logical devices still fit in memory.
MAX_REPLICAS = 64
# One of these exists on Linux if the NVIDIA driver is loaded.
NVIDIA_DEVICES = (Path("/proc/driver/nvidia"), Path("/dev/nvidia0"))


def make_strategy(replicas: str = "auto") -> tf.distribute.Strategy:
    """Returns the distribution strategy for a number of replicas.

    With `auto`, the replicas are all GPUs, or the default device if there are none. With a number, they are
    that many GPUs or, if there are fewer GPUs, that many logical CPU devices. TensorFlow can create logical
    devices only before it initialises its devices.

    With `TF_CONFIG`, or in a Slurm step of several tasks, this process is one of several workers. Each uses
    all GPUs that it sees, so `replicas` must be `auto` or this worker's number of GPUs (1 if it has none).
    The function returns when all workers have connected. A worker that has done its work must call
    `current_workers().leave()`; otherwise the others treat its exit as a failure.

    Raises:
        InputError: if `replicas` is neither `auto` nor a whole number >= 1, or does not fit this worker; for
            more replicas than TensorFlow can still create; if `TF_CONFIG` or Slurm's variables do not
            describe a cluster and this process's task in it; on every worker, if one does not connect or
            differs in code, packages, settings or number of GPUs.

    Example:

    >>> make_strategy("1").num_replicas_in_sync
    1
    """
    if not re.fullmatch("auto|0*[1-9][0-9]{0,8}", replicas):
        raise InputError(f"--replicas: expected auto or a whole number >= 1; received {replicas[:40]!r}")
    gpus = tf.config.list_physical_devices("GPU")
    if cluster := find_cluster():
        if replicas not in ("auto", str(max(len(gpus), 1))):
            expected = f"auto or, on this worker, {max(len(gpus), 1)}"
            raise InputError(f"--replicas: expected {expected}; received {replicas}")
        # TensorFlow needs equally many replicas on each worker.
        meet(cluster).compare({**_versions(), "GPUs": len(gpus)})
        warnings.filterwarnings("ignore", "To make it possible to preserve tf.data options", UserWarning)
        return tf.distribute.MultiWorkerMirroredStrategy()
    count = max(len(gpus), 1) if replicas == "auto" else int(replicas)
    if count > MAX_REPLICAS:
        raise InputError(f"--replicas: expected at most {MAX_REPLICAS}; received {count}")
    if count == 1:
        return tf.distribute.get_strategy()
    if len(gpus) >= count:
        return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(count)])
    try:
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * count
        )
    except RuntimeError:
        # TensorFlow has already initialised the devices.
        found = len(tf.config.list_logical_devices("CPU"))
        if found < count:
            expected = f"at most {found} in this process"
            raise InputError(f"--replicas: expected {expected}; received {count}") from None
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])


@functools.cache
def warn_of_unseen_gpu() -> None:
    """Warns once per process of an NVIDIA GPU that TensorFlow does not see and the user has not hidden."""
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    is_there = any(path.exists() for path in NVIDIA_DEVICES)
    if is_there and not is_hidden and not tf.config.list_physical_devices("GPU"):
        print(
            "WARNING: TensorFlow does not see this machine's NVIDIA GPU, so the command uses the CPU; "
            "`make setup CUDA=1` or `pip install 'tensorflow[and-cuda]'` installs the CUDA libraries "
            "(CUDA_VISIBLE_DEVICES=-1 keeps the CPU and drops this warning)",
            file=sys.stderr,
        )


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the results and checkpoints: the chief, or a process that trains alone."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


def _versions() -> dict[str, str]:
    package = Path(alexnet_tf.__file__).parent
    sources = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        sources.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
        "alexnet_tf": alexnet_tf.__version__,
        "code commit": git_commit() or "none",
        "code of alexnet_tf": sources.hexdigest()[:12],
        # The values of these variables change the rounding of sums.
        **{name: os.environ.get(name) or "unset" for name in (*THREADS, "TF_ENABLE_ONEDNN_OPTS", *XLA_FLAGS)},
    }
