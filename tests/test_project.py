"""The files that describe the project: version, citation, pinned packages."""

import ast
import re
import tomllib
from datetime import date
from pathlib import Path

import alexnet_tf

ROOT = Path(__file__).parents[1]
ROOMS = ("alexnet_tf", "experiments", "benchmarks", "tests")
# What a pinned package is imported as, where that is another name.
IMPORTED_AS = {"tensorflow-datasets": "tensorflow_datasets", "pillow": "PIL"}


def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "alexnet_tf.__version__"}
    version = alexnet_tf.__version__
    assert f"## {version} - " in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def fields(entry: str) -> dict[str, str]:
    """The keys at the first level of a YAML mapping, and what follows each."""
    parts = re.split(r"^([a-z-]+):", entry, flags=re.MULTILINE)
    return {key: value.strip(' "\n') for key, value in zip(parts[1::2], parts[2::2], strict=True)}


def test_the_citation_has_what_its_format_requires_and_names_the_paper():
    citation = fields((ROOT / "CITATION.cff").read_text("utf-8"))
    required = {"cff-version", "message", "title", "authors"}
    optional = {"abstract", "date-released", "keywords", "license", "references", "type", "version"}
    assert required <= set(citation) <= required | optional
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    date.fromisoformat(citation["date-released"])

    paper = fields(re.sub("^(- |    )", "", citation["references"], flags=re.MULTILINE))
    assert {"type", "title", "authors"} <= set(paper)
    assert paper["title"] == "ImageNet Classification with Deep Convolutional Neural Networks"
    assert re.findall(r"family-names: (\w+)", paper["authors"]) == ["Krizhevsky", "Sutskever", "Hinton"]


def test_each_pinned_package_is_imported_or_says_what_needs_it():
    ours, _ = (ROOT / "requirements.txt").read_text("utf-8").split("# What these need.")
    pins = [line.partition("#") for line in ours.splitlines() if "==" in line]
    unexplained = {pin.split("==")[0] for pin, _, reason in pins if not reason}
    imported = set()
    for path in [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])

    assert {name for name in unexplained if IMPORTED_AS.get(name, name) not in imported} == set()
