from pathlib import Path

import pytest

from tests.data.streaming.cached_tree import write_tree


@pytest.fixture
def tree(tmp_path) -> Path:
    return write_tree(tmp_path / "tree")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder for the decoded pixels of `tree`."""
    return tmp_path / "cache"
