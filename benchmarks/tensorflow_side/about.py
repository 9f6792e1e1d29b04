import importlib.metadata
import os

import tensorflow as tf

from alexnet_tf.runtime.environment import git_commit


def about() -> dict[str, str | int]:
    configured = tf.config.threading
    return {
        "version": tf.__version__,
        "keras": importlib.metadata.version("keras"),
        "intra_op_threads": configured.get_intra_op_parallelism_threads() or os.cpu_count(),
        "inter_op_threads": configured.get_inter_op_parallelism_threads() or os.cpu_count(),
        "git_commit": git_commit(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }
