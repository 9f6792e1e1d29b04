import gc
import sys
from pathlib import Path

import pytest


def pytest_sessionstart(session):
    """Makes two logical CPUs, so that MirroredStrategy can be tested without a GPU."""
    config = session.config
    # A process that only distributes tests among workers does not need TensorFlow (600 MB).
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        return
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def pytest_collection_finish():
    """Excludes imported modules from the garbage collection after each test file (`released_memory`)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_collective_keys():
    """Gives the strategies of each test their own keys for collective operations."""
    # Equal keys fail with "Shape mismatch in the collective instance".
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.distribute.MirroredStrategy._collective_key_base += 1000


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """The folder of the real data sets, beside the checkout. Without it, the test is skipped."""
    path = Path(__file__).resolve().parents[2] / "shared" / "datasets"
    if not path.is_dir():
        pytest.skip("needs the real data sets in ../shared/datasets, which does not exist")
    return path


@pytest.fixture(autouse=True)
def own_global_state():
    """Restores Keras's precision and TensorFlow's determinism after each test."""
    yield
    if keras := sys.modules.get("keras"):
        from tensorflow.python.framework.config import disable_op_determinism

        keras.config.set_dtype_policy("float32")
        disable_op_determinism()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keeps scans of streamed sets out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
