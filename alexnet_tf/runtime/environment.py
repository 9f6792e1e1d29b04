"""The software and the machine of a run."""

import functools
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import tensorflow as tf

from alexnet_tf.runtime.processor import processor_generation
from alexnet_tf.runtime.startup import XLA_FLAGS

PACKAGES = ("tensorflow", "keras", "tensorflow-datasets", "numpy")


def environment(strategy: tf.distribute.Strategy) -> dict:
    """Software and machine, as JSON-serializable values."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
        "device": device(strategy),
        "processor": processor_generation(),
        "intra_op_threads": intra_op_threads(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        **{name: os.environ[name] for name in XLA_FLAGS if os.environ.get(name)},
        "git_commit": git_commit(),
    }


def device(strategy: tf.distribute.Strategy) -> str:
    """Devices, such as `1 x CPU (AMD EPYC, family 25, model 17, 2 threads)`."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return f"{strategy.num_replicas_in_sync} x GPU ({name})"
    kind = processor_generation()
    return f"{strategy.num_replicas_in_sync} x CPU ({kind}, {intra_op_threads()} threads)"


def intra_op_threads() -> int:
    """Number of threads per operation; it affects the rounding of sums."""
    configured = tf.config.threading.get_intra_op_parallelism_threads()
    return configured or int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or os.cpu_count() or 1


@functools.cache
def git_commit() -> str:
    """The commit (12 digits), then `+` unless the code is known to equal it; empty outside a Git checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        # An installed package may lie inside another repository.
        return ""
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    changed = _git(root, "status", "--porcelain", "--", "alexnet_tf", "experiments", "benchmarks")
    return f"{head}+" if head and changed != "" else head or ""


def _git(root: Path, *arguments: str) -> str | None:
    """What a Git command prints; None if it fails or takes too long."""
    # In a Git hook, GIT_DIR and the like may name another repository or index.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, env=own, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
