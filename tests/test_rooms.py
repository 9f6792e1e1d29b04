"""The layout of the code, which CONTRIBUTING.md describes under "Rooms"."""

import ast
import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LARGEST_ROOM = 16
# A folder without this limit, because each claim has its own file.
OPEN_ENDED = ROOT / "experiments" / "claims"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def declared_rooms() -> list[str]:
    """The rooms in the table of CONTRIBUTING.md. A row may have the paths of several folders and files."""
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("| room |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    paths = [path.strip("/") for cell in cells for path in re.findall(r"`(.+?)`", cell)]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    return [module_name(ROOT / path) for path in paths]


# A file may import from its own room, including its folders, and from rooms further down in the table.
ROOMS = declared_rooms()
FILES = {
    module_name(path): path
    for package in ("alexnet_tf", "experiments", "benchmarks")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imported(source: str) -> set[str]:
    """The modules of the project that Python source imports, including imports within functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "expected absolute imports"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in FILES else node.module)
    return found & set(FILES)


IMPORTS = {name: imported(path.read_text("utf-8")) - {name} for name, path in FILES.items()}


def room_of(module: str) -> str:
    return max((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), key=len)


def upward(imports) -> list[str]:
    return sorted(
        f"{name} imports {other}"
        for name, others in imports.items()
        for other in others
        if ROOMS.index(room_of(other)) < ROOMS.index(room_of(name))
    )


def circle(imports) -> list[str]:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_rooms_import_only_from_rooms_below_them_in_contributing_md():
    assert len(ROOMS) > 20
    assert upward(IMPORTS) == []


def test_imports_have_no_cycles():
    assert circle(IMPORTS) == []


def test_upward_and_circular_imports_are_found():
    found = imported("def late():\n    from experiments.claims import relu\n    import alexnet_tf.data.load")
    assert found == {"experiments.claims.relu", "alexnet_tf.data.load"}
    assert upward({"alexnet_tf.data": found}) == ["alexnet_tf.data imports experiments.claims.relu"]
    assert len(circle({"a": {"b"}, "b": {"a"}})) == 3


@pytest.mark.parametrize("tops", [("alexnet_tf", "experiments", "benchmarks"), ("tests",)])
def test_a_folder_has_at_most_16_files_and_no_file_with_its_name_or_called_utils(tops):
    paths = [path for top in tops for path in (ROOT / top).rglob("*.py") if path.name != "__init__.py"]
    assert paths
    sizes = Counter(path.parent for path in paths)
    assert {folder: n for folder, n in sizes.items() if n > LARGEST_ROOM and folder != OPEN_ENDED} == {}
    assert [str(path) for path in paths if path.stem == path.parent.name] == []
    assert [str(path) for path in paths if path.stem in ("utils", "helpers", "misc")] == []
