import ast
from pathlib import Path

import pytest

import benchmarks
from benchmarks.growth.measure import sweeps
from benchmarks.plan import ITEMS, Conditions

ROOT = Path(benchmarks.__file__).parent


def comparisons(quick):
    return [one for item in ITEMS.values() for one in item(Conditions(quick, "/images", threads=2))]


def contenders(found):
    return [contender for benchmark in found for contender in benchmark.contenders]


@pytest.mark.parametrize("quick", [False, True])
def test_the_builders_accept_the_arguments_of_the_plan(quick):
    for contender in contenders([*comparisons(quick), *sweeps(quick, Path("/images"))]):
        # Parse the module instead of importing it, because PyTorch may not be installed.
        module, name = contender.build.split(".")
        tree = ast.parse((ROOT / f"{contender.side}_side" / f"{module}.py").read_text())
        (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
        names = [argument.arg for argument in function.args.args]
        required = names[: len(names) - len(function.args.defaults)]

        assert set(required) <= set(contender.arguments) <= set(names), contender


def test_contenders_of_a_comparison_have_distinct_names_and_a_quick_plan_has_fewer():
    counts = []
    for quick in (True, False):
        names = [[contender.name for contender in one.contenders] for one in comparisons(quick)]
        assert all(len(set(one)) == len(one) > 0 for one in names)
        counts.append(sum(map(len, names)))

    assert counts[0] < counts[1]


def test_only_the_contenders_of_other_libraries_may_fail():
    optional = {(c.side, c.build) for c in contenders(comparisons(quick=False)) if not c.must_run}

    assert {build for side, build in optional if side == "tensorflow"} == {
        "training_step.stock_alexnet", "layers.tensorflow_lrn", "layers.keras_grouped", "layers.keras_update"
    }  # fmt: skip
    assert not any(c.must_run for c in contenders(comparisons(quick=False)) if c.side == "pytorch")
