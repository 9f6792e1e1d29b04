import tempfile

import pytest


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path_factory, monkeypatch):
    """TFDS leaves an empty temporary directory for each set it prepares."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("tfds")))
