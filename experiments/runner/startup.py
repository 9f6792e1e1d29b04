"""Starts TensorFlow in commands and Dask workers. Importing this module does not import TensorFlow."""

import os

from alexnet_tf.runtime.startup import import_keras, quiet_startup


def threads_each(jobs: int) -> dict[str, str]:
    """The environment variable that divides the processor's threads among jobs.

    A value that the user has set is kept. With `jobs` 0 each job has one thread.

    Example:

    >>> threads_each(10_000)["TF_NUM_INTRAOP_THREADS"] == os.environ.get("TF_NUM_INTRAOP_THREADS", "1")
    True
    """
    from dask.system import CPU_COUNT

    threads = max(1, CPU_COUNT // (jobs or CPU_COUNT))
    return {"TF_NUM_INTRAOP_THREADS": os.environ.get("TF_NUM_INTRAOP_THREADS", str(threads))}


def started(replicas: str, is_client: bool = False):
    """Starts TensorFlow, quiet and deterministic; returns the strategy for `replicas`.

    With `is_client`, the GPUs are left to the processes that train the runs.
    """
    with quiet_startup():
        import_keras()
        import tensorflow as tf

        from alexnet_tf.runtime.environment import git_commit
        from alexnet_tf.training.strategy import make_strategy, warn_of_unseen_gpu

        git_commit()
        # TensorFlow warns that every run creates a new tf.function, which is intended.
        tf.get_logger().setLevel("ERROR")
        tf.config.experimental.enable_op_determinism()
        if is_client and tf.config.list_physical_devices("GPU"):
            tf.config.set_visible_devices([], "GPU")
            replicas = "1"
        strategy = make_strategy(replicas)
        tf.config.list_logical_devices()
    warn_of_unseen_gpu()
    return strategy


# Dask calls this in each worker process that `--jobs` starts.
def dask_setup(worker: object) -> None:
    # A worker in its own process group gets no Ctrl-C. The client asks the worker's runs to end.
    os.setpgrp()
    with quiet_startup():
        import_keras()
