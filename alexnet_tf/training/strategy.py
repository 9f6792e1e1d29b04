"""The distribution strategy of a run."""

import functools
import json
import os
import sys
from pathlib import Path

import tensorflow as tf

from alexnet_tf.runtime.errors import InputError

# More than any machine has GPUs, but few enough logical devices to fit in memory.
MAX_REPLICAS = 64
# Present on Linux if the NVIDIA driver is loaded.
NVIDIA_DEVICES = (Path("/proc/driver/nvidia"), Path("/dev/nvidia0"))


def make_strategy(replicas: str = "auto") -> tf.distribute.Strategy:
    """Chooses the distribution strategy.

    If the environment variable `TF_CONFIG` is set, there are several workers. Otherwise `auto` uses all GPUs
    of the machine, or the default device if there are none; a number uses that many GPUs or, if there are
    fewer, creates that many logical CPU devices (only possible before TensorFlow initialises its devices).

    Raises:
        InputError: for anything but `auto` or a whole number >= 1, and for a `TF_CONFIG` that does not
            specify a cluster and this worker's task in it.

    Example:

    >>> make_strategy("1").num_replicas_in_sync
    1
    """
    if replicas != "auto" and not (replicas.isdecimal() and int(replicas) >= 1):
        raise InputError(f"--replicas: expected auto or a whole number >= 1; received {replicas!r}")
    if os.environ.get("TF_CONFIG"):
        _check_tf_config(os.environ["TF_CONFIG"])
        return tf.distribute.MultiWorkerMirroredStrategy()
    gpus = tf.config.list_physical_devices("GPU")
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
        # TensorFlow has already initialised the devices, so their number is fixed.
        found = len(tf.config.list_logical_devices("CPU"))
        if found < count:
            expected = f"at most {found} in this process"
            raise InputError(f"--replicas: expected {expected}; received {count}") from None
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])


@functools.cache
def warn_of_unseen_gpu() -> None:
    """Warns, once per process, of an NVIDIA GPU that is neither hidden nor seen by TensorFlow."""
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    is_there = any(path.exists() for path in NVIDIA_DEVICES)
    if is_there and not is_hidden and not tf.config.list_physical_devices("GPU"):
        print(
            "WARNING: TensorFlow does not see this machine's NVIDIA GPU, so this uses the CPU; "
            "`make setup CUDA=1` or `pip install 'alexnet_tf[cuda]'` installs the CUDA libraries "
            "(CUDA_VISIBLE_DEVICES=-1 keeps the CPU and drops this warning)",
            file=sys.stderr,
        )


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the rows and checkpoints: the only process, the chief, or worker 0."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


def _check_tf_config(text: str) -> None:
    """Raises an InputError for a `TF_CONFIG` that would make TensorFlow crash or hang."""
    try:
        content = json.loads(text)
        workers = content["cluster"]
        place = content["task"]
        addresses = workers[place["type"]]
        fits = isinstance(addresses, list) and 0 <= int(place["index"]) < len(addresses)
        fits = fits and set(workers) <= {"chief", "worker"} and all(isinstance(a, str) for a in addresses)
    except (ValueError, TypeError, KeyError):
        fits = False
    if not fits:
        raise InputError(
            'TF_CONFIG: expected {"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", '
            f'"index": 0}}}}; received {text}'
        )
