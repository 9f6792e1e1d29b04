"""Runs the code and the commands of CONTRIBUTING.md's section "Add a claim"."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import experiments
import experiments.__main__
import experiments.claims
import experiments.runner.search
from alexnet_tf.config.fields import Config
from alexnet_tf.training.history import History
from experiments import EXPERIMENTS, find_experiments
from experiments.report.figures.figure import draw

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## Add a claim")[1]
FILE = re.search(r"`experiments/claims/(\w+\.py)`", SECTION)[1]
(CODE,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = re.findall(r"^    make (.*)$", SECTION, re.MULTILINE)
# One step on 80 images, because the commands as the section has them take more than half an hour in total.
TINY = ["DATASET=builtin", "EPOCHS=1", "SET=batch_size=80"]


def command_of(target: str, results_dir: Path) -> list[str]:
    """The arguments that a make target gives to `python -m experiments`."""
    # A report does not train, so it takes no settings; a search has its own seeds, so it takes no SEEDS.
    trains, has_seeds = not target.startswith("report"), target.startswith(("ablation", "run"))
    overrides = [*TINY * trains, *["SEEDS=0"] * has_seeds, f"RESULTS_DIR={results_dir}", "RUN=RUN"]
    shown = subprocess.check_output(["make", "-n", *shlex.split(target), *overrides], cwd=ROOT, text=True)
    (line,) = re.findall("^RUN (.*)", shown, re.MULTILINE)
    return shlex.split(line)


def listed_with(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The result of `python -m experiments list` with one more file in `experiments/claims`."""
    copy = tmp_path / "experiments"
    shutil.copytree(ROOT / "experiments", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "claims" / FILE).write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "experiments", "list"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip


def test_a_new_file_is_found(tmp_path):
    listed = listed_with(CODE, tmp_path)
    assert listed.returncode == 0
    known = {each.name for each in EXPERIMENTS} | {"ablation-momentum"}
    first = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
    assert sorted(name for name in first if name in known) == sorted(known)


@pytest.mark.parametrize(
    ("code", "word"),
    [("x = 1\n", "neither"), (CODE.replace("ablation-momentum", "ablation-relu"), "relu.py")],
)
def test_a_faulty_file_gives_one_error_line_and_status_2(tmp_path, code, word):
    listed = listed_with(code, tmp_path)
    assert (listed.returncode, listed.stdout) == (2, "")
    (line,) = listed.stderr.splitlines()
    assert f"error: {tmp_path}/experiments/claims/" in line
    assert word in line


@pytest.mark.slow
def test_the_tests_of_declarations_and_pages_pass_with_the_new_claim(tmp_path):
    for name in ("alexnet_tf", "benchmarks", "experiments", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("results", "README.md", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "experiments" / "claims" / FILE).write_text(CODE)
    tests = ["tests/experiments/test_find_experiments.py", "tests/experiments/evidence/test_oracle.py"]
    pytest_command = [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *tests]
    ran = subprocess.run(pytest_command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def untrained(config: Config, *arguments, **others) -> tuple[None, History]:
    """Replaces `train` in a search: trains nothing; the middle rate of each grid gets the lowest error."""
    error = abs(config.train.learning_rate - 0.002)
    return None, History([{"epoch": 1, "train_error": error}], [error], status="done")


@pytest.fixture
def with_the_claim(tiny_builtin, tmp_path, monkeypatch):
    """Adds the section's claim. Its runs train on tiny images; its search calls `untrained`."""
    (tmp_path / FILE).write_text(CODE)
    monkeypatch.setattr(experiments.claims, "__path__", [*experiments.claims.__path__, str(tmp_path)])
    found = find_experiments(experiments.claims)
    monkeypatch.setattr(experiments, "EXPERIMENTS", found)
    monkeypatch.setattr(experiments.runner.search, "train", untrained)
    monkeypatch.setattr("experiments.report.figures.figure.draw", draw)
    yield
    sys.modules.pop(f"experiments.claims.{Path(FILE).stem}")


def test_the_commands_of_the_section_lead_to_a_table(with_the_claim, tmp_path):
    results_dir = tmp_path / "runs"
    for target in COMMANDS:
        assert experiments.__main__.main(command_of(target, results_dir)) == 0, target

    folder = results_dir / "builtin" / "ablation-momentum"
    assert "Momentum of .9 lowers the training error." in (folder / "table.md").read_text("utf-8")
    assert (folder / "lr_search.csv").read_text().count("true") == 2  # a winner for each arm
    assert len((folder / "effects.csv").read_text().splitlines()) == 2
    assert (folder / "figure.png").stat().st_size > 0
