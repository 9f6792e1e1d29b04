import shutil
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import alexnet_tf.data.pipeline
import experiments.runner.options
from experiments.__main__ import main
from experiments.evidence.read import read_evidence
from tests.experiments.made_up_results import POOLING, SPEED, both_results
from tests.experiments.one_run import RUN
from tests.tiny import tiny_image_set


@pytest.fixture
def tiny_builtin(monkeypatch):
    """Replaces every data set by the tiny images; figures are not drawn."""
    replace_data(monkeypatch)


def replace_data(patched: pytest.MonkeyPatch):
    # Drawing a figure takes as long as a tiny training.
    drawn = {"png": b"", "svg": b""}
    patched.setattr("experiments.report.figures.figure.draw", lambda evidence, look=None, decider=None: drawn)
    patched.setattr(alexnet_tf.data.pipeline, "_load_once", lambda *arguments, **more: tiny_image_set())
    # With `batch_size` in this list, a changed batch size does not become part of an arm's name.
    patched.setattr(experiments.runner.options, "NAMELESS", ("epochs", "precision", "batch_size"))


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> Path:
    """The tiny images as files, which tests must not change."""
    image_set, root = tiny_image_set(train=240), tmp_path_factory.mktemp("files") / "tree"
    for i, (image, label) in enumerate(zip(image_set.train_images, image_set.train_labels, strict=True)):
        path = root / image_set.class_names[label] / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """Results with one run; tests must not change them."""
    results = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patched:
        replace_data(patched)
        assert main([*RUN, "--results-dir", str(results)]) == 0
    return results


@pytest.fixture
def own_results(trained, tiny_builtin, tmp_path) -> Path:
    """Results with one run, which the test may change."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


@pytest.fixture
def unencoded(monkeypatch):
    """Makes `draw` return the figure instead of files."""
    monkeypatch.setattr("experiments.report.figures.figure.encoded", lambda figure, formats: figure)


@pytest.fixture
def root(tmp_path) -> Path:
    """Results of the made-up experiments `speed` and `pooling`."""
    return both_results(tmp_path)


@pytest.fixture
def trees(tmp_path) -> tuple[Path, ...]:
    """Two results directories with the same rows."""
    return tuple(both_results(tmp_path / name) for name in ("results", "runs"))


@pytest.fixture
def found(root):
    """The evidence in `root`."""
    return read_evidence(root, [SPEED, POOLING])
