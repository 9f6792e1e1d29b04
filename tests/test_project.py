"""The files that describe the project: version, citation, pinned packages."""

import ast
import re
import tomllib
from pathlib import Path

import alexnet_tf

ROOT = Path(__file__).parents[1]
# What a pinned package is imported as, where that is another name.
IMPORTED_AS = {"tensorflow-datasets": "tensorflow_datasets", "pillow": "PIL"}
# Run by its name, or read by another package.
RUN = {"importlib_resources", "tensorboard", "pytest", "pytest-xdist", "ruff", "mypy"}
RUN |= {"pandas-stubs", "types-requests"}


def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "alexnet_tf.__version__"}
    version = alexnet_tf.__version__
    assert f"## {version} - " in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_citation_has_what_its_format_requires_and_names_the_paper():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    keys = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    assert {"cff-version", "message", "title", "authors", "references"} <= keys
    references = text.split("references:")[1]
    assert re.findall(r"family-names: (\w+)", references) == ["Krizhevsky", "Sutskever", "Hinton"]
    assert "ImageNet Classification with Deep Convolutional Neural Networks" in references


def test_each_pinned_package_is_used():
    ours, _ = (ROOT / "requirements.txt").read_text("utf-8").split("# What these need.")
    pinned = set(re.findall(r"^([\w.-]+)==", ours, re.MULTILINE))
    files = [path for top in ("alexnet_tf", "experiments", "tests") for path in (ROOT / top).rglob("*.py")]
    imported = set()
    for path in [*files, ROOT / "conftest.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert {name for name in pinned - RUN if IMPORTED_AS.get(name, name) not in imported} == set()
