import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A stand-in for Python that logs its arguments. `pip install` fails if its arguments contain `{fails_on}`.
PYTHON = """#!/bin/sh
echo "$*" >> {log}
case "$*" in
*"pip install"*"{fails_on}"*) exit 1 ;;
esac
"""


def make_benchmark(folder: Path, fails_on: str) -> tuple[list[str], str]:
    """Runs `make benchmark` with two stand-ins for Python.

    Returns:
        The arguments of each call of a stand-in, as one line, and make's stderr.
    """
    log = folder / "log"
    for name in ("venv", "pytorch"):
        python = folder / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.format(log=log, fails_on=fails_on))
        python.chmod(0o755)
    (folder / "venv" / ".ready").touch()
    variables = [f"VENV={folder}/venv", f"BENCHMARK_VENV={folder}/pytorch", f"RESULTS_DIR={folder}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "benchmark", *variables]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return log.read_text().splitlines(), done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(
    ("fails_on", "warned"),
    [("no such", []), ("-r requirements", ["torchvision"]), ("requirements", ["PyTorch", "torchvision"])],
)
def test_the_benchmark_runs_and_names_the_libraries_that_could_not_be_installed(tmp_path, fails_on, warned):
    calls, errors = make_benchmark(tmp_path, fails_on)

    pip, file = "-m pip install --quiet --disable-pip-version-check", "requirements-benchmark.txt"
    assert calls[:2] == [f"{pip} -c {file} torch numpy pillow", f"{pip} -r {file}"]
    assert calls[2].startswith("-m benchmarks run")
    lines = [line.split()[0].strip(",") for line in errors.splitlines() if "could not be installed" in line]
    assert lines == warned
