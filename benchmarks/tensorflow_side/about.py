import importlib.metadata
import os

import tensorflow as tf

from alexnet_tf.runtime.environment import git_commit, intra_op_threads


def about() -> dict[str, str | int]:
    between = tf.config.threading.get_inter_op_parallelism_threads()
    return {
        "version": tf.__version__,
        "keras": importlib.metadata.version("keras"),
        "intra_op_threads": intra_op_threads(),
        "inter_op_threads": between or int(os.environ.get("TF_NUM_INTEROP_THREADS") or 0) or os.cpu_count(),
        "git_commit": git_commit(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }
