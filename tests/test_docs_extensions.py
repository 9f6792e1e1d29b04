import doctest
import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx comes with `make docs`")

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = sorted((ROOT / "docs" / "_extensions").glob("*.py"))


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXTENSIONS, ids=lambda path: path.stem)
def test_the_examples_of_an_extension_are_right(path):
    examples = doctest.testmod(load(path))
    assert examples.attempted > 0
    assert examples.failed == 0


def test_a_shown_source_is_one_definition_without_its_docstring(tmp_path):
    source_of = load(ROOT / "docs/_extensions/from_project.py").source_of
    file = tmp_path / "some.py"
    file.write_text(
        'class A:\n    """Doc."""\n\n    def f(self):\n        """Doc."""\n        # why\n        return 1\n'
    )

    assert source_of(file, "A.f") == "def f(self):\n    # why\n    return 1"
    with pytest.raises(ValueError, match=r"A\.g"):
        source_of(file, "A.g")


def test_the_text_of_a_claim_has_its_command_scale_and_control():
    claim_text = load(ROOT / "docs/_extensions/from_project.py").claim_text
    assert "make ablation-towers DATASET=tiny_imagenet100" in claim_text("C2")
    assert "a quarter of the width" in claim_text("C2")
    assert "(control: slower fitting)" in claim_text("C8")
    with pytest.raises(ValueError, match="C99"):
        claim_text("C99")
