"""Every contender of the plan exists on its side, with the arguments that the plan gives it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
from benchmarks.__main__ import main
from benchmarks.plan import ITEMS, Place

ROOT = Path(benchmarks.__file__).parent


def contenders(quick):
    place = Place(quick=quick, jpegs="/photographs", threads=2)
    return [c for item in ITEMS.values() for comparison in item(place) for c in comparison.contenders]


@pytest.mark.parametrize(
    "contender", {c.build: c for c in contenders(quick=False)}.values(), ids=lambda c: c.build
)
def test_the_builder_takes_the_plans_arguments(contender):
    # Read, not imported: PyTorch need not be here.
    module, name = contender.build.split(".")
    tree = ast.parse((ROOT / f"{contender.side}_side" / f"{module}.py").read_text())
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)

    assert {argument.arg for argument in function.args.args} == set(contender.arguments)


def test_names_within_a_comparison_differ():
    for quick in (False, True):
        place = Place(quick, "/photographs", 2)
        for item in ITEMS.values():
            for comparison in item(place):
                names = [contender.name for contender in comparison.contenders]
                assert len(set(names)) == len(names) > 0


def test_all_of_the_tensorflow_side_is_ours_but_what_keras_and_tensorflow_bring_along():
    others = {c.build for c in contenders(quick=False) if c.side == "tensorflow" and not c.is_ours}

    assert others == {
        "alexnet_step.stock_keras", "layers.tensorflow_lrn", "layers.keras_grouped", "layers.keras_update"
    }  # fmt: skip
    assert not any(c.is_ours for c in contenders(quick=False) if c.side == "pytorch")


def test_quick_measures_less():
    assert len(contenders(quick=True)) < len(contenders(quick=False))


def test_the_runner_needs_no_framework():
    code = "import sys, benchmarks.runner.run, benchmarks.runner.turns; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, check=False).returncode == 0


def test_an_unknown_item_is_bad_input(tmp_path, capsys):
    assert main(["run", "--items", "alexnet_step,nothing", "--results-dir", str(tmp_path)]) == 2

    assert "--items: expected some of machine_limits, " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
