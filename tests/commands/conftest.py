from pathlib import Path

import pytest

from tests.colored_images import write_colored_tree

COLORS = {"blue": (40, 60, 200), "green": (40, 190, 60), "red": (200, 50, 40)}


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> Path:
    """Three classes of noisy coloured images of several sizes, and two damaged files; no test changes it."""
    root = tmp_path_factory.mktemp("images") / "colors"
    write_colored_tree(root, COLORS, lambda i: (40 + i, 60 - i), noise=40)
    (root / "red" / "text.jpg").write_text("no image")
    (root / "red" / "empty.jpg").write_bytes(b"")
    return root


@pytest.fixture(scope="module", autouse=True)
def small_evaluation_batches():
    """Evaluates in batches of 60, because larger ones would be mostly padding; the scores are equal."""
    with pytest.MonkeyPatch.context() as patched:
        for module in ("training.session", "commands.evaluate"):
            patched.setattr(f"alexnet_tf.{module}.EVALUATION_BATCH", 60)
        yield
