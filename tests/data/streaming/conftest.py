"""What the tests of cached images share."""

from pathlib import Path

import pytest

from tests.data.streaming.cached_tree import write_tree


@pytest.fixture
def tree(tmp_path) -> Path:
    """A folder of images, see `write_tree`."""
    return write_tree(tmp_path / "tree")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where their decoded pixels go."""
    return tmp_path / "cache"
