"""A tiny set of images that replaces every data set, and one run on it."""

import shutil
from pathlib import Path

import pytest

import alexnet_tf.data.pipeline
from experiments.__main__ import main
from tests.experiments.one_run import RUN
from tests.tiny import tiny_image_set


@pytest.fixture
def tiny_builtin(monkeypatch):
    """Replaces every data set by the tiny set."""
    monkeypatch.setattr(alexnet_tf.data.pipeline, "_load_once", lambda *arguments: tiny_image_set())


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """Results with one run; tests must not change them."""
    results = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alexnet_tf.data.pipeline, "_load_once", lambda *arguments: tiny_image_set())
        assert main([*RUN, "--results-dir", str(results)]) == 0
    return results


@pytest.fixture
def own_results(trained, tiny_builtin, tmp_path) -> Path:
    """A copy of the results with one run in `tmp_path`, which the test may change."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path
