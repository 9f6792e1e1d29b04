import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import EXPERIMENTS

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def make(*arguments: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_make_alone_prints_help():
    done = make()

    assert done.returncode == 0
    targets = re.findall(r"^([a-z][a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(targets) > 15
    assert [name for name in targets if name not in done.stdout and name != "help"] == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("-n ablation-relu SEED=0", "SEEDS"),
        ("-n ablation-relu EPOCH=3", "EPOCHS"),
        ("-n ablation-relu FOO=1", ""),
        # Variables that only other targets take. Any suggestion is allowed.
        ("-n quickstart SEEDS=0", None),
        ("-n search SEEDS=0", None),
        ("-n imagenet DRY_RUN=1", None),
        ("-n rerun DRY_RUN=1", None),
        ("quikstart", "quickstart"),
        ("reprot", "report"),
        ("zzz", ""),
    ],
)
def test_unknown_targets_and_variables_are_refused_with_the_closest_name(given, meant):
    *_, last = words = given.split()
    done = make(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"received {last.partition('=')[0]}" in done.stderr
    assert meant is None or ("did you mean" in done.stderr) == bool(meant)
    assert f"did you mean {meant}?" in done.stderr or not meant


def test_each_variable_of_a_target_changes_its_commands():
    taken = re.findall(r"^TAKES_([a-z]+) := ([A-Z_ \\\n\t]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target, names in taken:
        plain = make("-n", target)
        for name in names.replace("\\", "").split():
            given = make("-n", target, f"{name}=1")
            assert given.returncode == 0, (target, name)
            assert given.stdout != plain.stdout, (target, name)
    assert len(taken) > 5


def test_every_experiment_is_a_make_target():
    lines = make("-n", "ablations", f"RUN={sys.executable} -m experiments").stdout.splitlines()
    expected = [f"-m experiments run {each.name} " for each in EXPERIMENTS if each.name != "quickstart"]
    assert [part for line in lines for part in expected if part in line] == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            "ablation-relu DATASET=folder:a~b SEEDS=0,~1 SET=width=0.5 AS=b~c DRY_RUN=1 RESULTS_DIR=d~e",
            "run ablation-relu --dataset folder:a~b --set width=0.5 --as b~c --dry-run --results-dir d~e "
            "--seeds 0,~1",
        ),
        ("compare A=a~b B=c~d MARGIN=0.01", "compare a~b c~d --margin 0.01"),
        ("rerun RUN_ID=a RESULTS_DIR=d~e", "rerun a --results-dir d~e"),
        ("report RESULTS_DIR=d~e", "report --results-dir d~e"),
        ("report", "report --results-dir results"),
        ("scaling RESULTS_DIR=d~e", "scaling --results-dir d~e/benchmarks --out d~e/scaling"),
        (
            "benchmark ITEMS=a,~b BENCHMARK_VENV=v RESULTS_DIR=d~e",
            "run --items a,~b --pytorch v/bin/python --results-dir d~e/benchmarks",
        ),
    ],
)
def test_variables_become_flags_of_the_command(given, words):
    # Each ~ becomes a space, to test that the Makefile quotes its variables.
    variables, expected = ([part.replace("~", " ") for part in text.split()] for text in (given, words))
    last = make("-n", *variables).stdout.replace("\\\n", "").splitlines()[-1]
    assert shlex.split(re.split("-m (?:experiments|benchmarks) ", last)[1]) == expected


# A stand-in for Python that logs its arguments. `pip install` fails if its arguments contain `{fails_on}`.
PYTHON = """#!/bin/sh
echo "$*" >> {log}
case "$*" in
*"pip install"*"{fails_on}"*) exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("fails_on", "warned"),
    [("no such", []), ("-r requirements", ["torchvision"]), ("requirements", ["PyTorch", "torchvision"])],
)
def test_make_benchmark_runs_and_names_libraries_that_could_not_be_installed(tmp_path, fails_on, warned):
    for name in ("venv", "pytorch"):
        python = tmp_path / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.format(log=tmp_path / "log", fails_on=fails_on))
        python.chmod(0o755)
    (tmp_path / "venv" / ".ready").touch()
    places = [f"VENV={tmp_path}/venv", f"BENCHMARK_VENV={tmp_path}/pytorch", f"RESULTS_DIR={tmp_path}"]

    done = make("benchmark", *places)

    assert done.returncode == 0
    calls = (tmp_path / "log").read_text().splitlines()
    pip, file = "-m pip install --quiet --disable-pip-version-check", "requirements-benchmark.txt"
    assert calls[:2] == [f"{pip} -c {file} torch numpy pillow", f"{pip} -r {file}"]
    assert calls[2].startswith("-m benchmarks run")
    lines = [line.split()[0].strip(",") for line in done.stderr.splitlines() if "not be installed" in line]
    assert lines == warned
