import ast
import functools
import itertools
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from setuptools import find_namespace_packages

import alexnet_tf
from alexnet_tf.runtime import environment

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Package name -> module name, where they differ by more than a hyphen.
IMPORTED_AS = {"pillow": "PIL", "opencv-python-headless": "cv2"}


def test_the_version_and_its_date_are_the_same_in_all_files():
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "alexnet_tf.__version__"}
    version = alexnet_tf.__version__
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == version
    assert f"\n## {version} - {citation['date-released']}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_citation_has_what_its_format_requires_and_names_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    required = {"cff-version", "message", "title", "authors"}
    optional = {"abstract", "date-released", "keywords", "license", "references", "type", "version"}
    assert required <= set(citation) <= required | optional
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    date.fromisoformat(citation["date-released"])

    (paper,) = citation["references"]
    assert {"type", "title", "authors"} <= set(paper)
    assert paper["title"] == "ImageNet Classification with Deep Convolutional Neural Networks"
    assert [author["family-names"] for author in paper["authors"]] == ["Krizhevsky", "Sutskever", "Hinton"]


def project_lines(table: str) -> list[str]:
    """The lines of an array or a table in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text("utf-8").split(f"\n{table}", 1)[1]
    return list(itertools.takewhile(lambda line: line not in ("]", ""), text.splitlines()[1:]))


@functools.cache
def imported_by(*rooms: str) -> set[str]:
    """The top-level modules that the files of these folders import."""
    imported = set()
    for path in [path for room in rooms for path in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    return imported


def modules_of(requirements: list[str]) -> set[str]:
    names = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}


@pytest.mark.parametrize(("table", "rooms"), [("dependencies = [", ("alexnet_tf",)), ("dev = [", ("tests",))])
def test_each_dependency_is_imported_or_has_a_comment(table, rooms):
    unexplained = [line.strip(' "') for line in project_lines(table) if "#" not in line]
    assert modules_of(unexplained) - imported_by(*rooms) == set()


def test_every_imported_package_is_declared():
    declared = modules_of([*PROJECT["dependencies"], *itertools.chain(*EXTRAS.values())])
    with_tensorflow = {"absl", "google", "h5py", "wrapt"}
    others = {"alexnet_tf", *sys.stdlib_module_names, *with_tensorflow}
    assert imported_by("alexnet_tf") - others - declared == set()


def test_every_dependency_has_a_lower_bound_and_a_pin_that_fulfils_it():
    text = (ROOT / "requirements.txt").read_text("utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))
    for requirement in map(Requirement, PROJECT["dependencies"] + EXTRAS["export"]):
        assert [clause.operator for clause in requirement.specifier] == [">="], requirement
        assert requirement.specifier.contains(pins[requirement.name.lower().replace("_", "-")]), requirement


def test_messages_separate_what_was_expected_and_received_by_a_semicolon():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("alexnet_tf", "experiments", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.search(r", received\b", node.value)
    ]
    assert not found


def test_the_wheel_holds_alexnet_tf_only():
    find = PYPROJECT["tool"]["setuptools"]["packages"]["find"]
    tops = {name.split(".")[0] for name in find_namespace_packages(str(ROOT), include=find["include"])}
    assert tops == {"alexnet_tf"}, "a user may have other packages called experiments or benchmarks"


def test_an_installed_package_does_not_report_the_commit_of_the_repository_around_it(tmp_path, monkeypatch):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    inside = tmp_path / "site-packages" / "alexnet_tf" / "runtime" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(inside))
    inside.parent.mkdir(parents=True)
    monkeypatch.setattr(environment, "_git", lambda root, *arguments: "of somebody else")

    assert environment.git_commit.__wrapped__() == ""
