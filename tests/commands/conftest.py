import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from alexnet_tf.checkpoints.saved import Trained, write_trained
from alexnet_tf.config.presets import PRESETS
from alexnet_tf.data.pixel_statistics import PixelStatistics
from alexnet_tf.models import build_model
from tests.colored_images import write_colored_tree

CLASSES = ("ape", "bee", "cat", "dog", "eel", "fox", "gnu")
COLORS = {"blue": (40, 60, 200), "green": (40, 190, 60), "red": (200, 50, 40)}


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> Path:
    """Three classes of noisy coloured images of several sizes, and two damaged files; no test changes it."""
    root = tmp_path_factory.mktemp("images") / "colors"
    write_colored_tree(root, COLORS, lambda i: (40 + i, 60 - i), noise=40)
    (root / "red" / "text.jpg").write_text("no image")
    (root / "red" / "empty.jpg").write_bytes(b"")
    return root


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A saved narrow network with local and spatial normalisation, mean image, padding, division and crop."""
    model = dataclasses.replace(PRESETS["alexnet-code"].model, init="he", filters=(6, 16, 24, 24, 16))
    model = dataclasses.replace(model, hidden=(32, 32), stem_kernel=5, stem_stride=2)
    config = dataclasses.replace(PRESETS["alexnet-scaled"].config("folder:x"), model=model)
    config = config.replace(pad=2)
    rng = np.random.default_rng(0)
    mean = rng.uniform(90, 150, (64, 64, 3)).astype(np.float32)
    statistics = PixelStatistics(mean, 60.0, np.float32([3, 2, 1]), np.eye(3, dtype=np.float32))
    keras.utils.set_random_seed(0)
    network = build_model(config.model, (56, 56, 3), len(CLASSES))
    path = tmp_path_factory.mktemp("export") / "net"
    write_trained(path, Trained(network, config, CLASSES, (64, 64, 3), statistics), "abc", {"epochs": 3})
    return path


@pytest.fixture(scope="module", autouse=True)
def small_evaluation_batches():
    """Evaluates in batches of 60: for these small sets, larger ones would be mostly padding.

    Scores do not change.
    """
    with pytest.MonkeyPatch.context() as patched:
        for module in ("training.session", "commands.evaluate"):
            patched.setattr(f"alexnet_tf.{module}.EVALUATION_BATCH", 60)
        yield
