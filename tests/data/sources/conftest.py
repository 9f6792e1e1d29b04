import tempfile

import pytest


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path_factory, monkeypatch):
    """Moves the empty temporary directories that TFDS leaves, one for each set it prepares, to pytest's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("tfds")))
