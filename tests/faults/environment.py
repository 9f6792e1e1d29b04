"""Trains with odd values of environment variables that TensorFlow, Keras, Git, Slurm and terminals read."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.faults.odd_files import JSON_VALUES
from tests.faults.small_runs import training, write_images
from tests.faults.trials import AS_PROMISED, LOST, TRACEBACK, WRONG, Trial, command, ended, in_parallel
from tests.worker_processes import free_addresses, tf_config

PROMISE = "odd environment variables change no number and no recorded commit, or are refused in a line"
BEFORE = "notebooks' and Keras's settings ended in tracebacks or changed numbers"
TRIALS, FEW = 40, 2

NUMBERS = ("", "0", "1", "-1", "2.5", "x", "1e3", "9" * 12)
PLACES = ("", ".", "/nowhere", "/dev/null", "~", "x\udcff")
FLAGS = ("", "--no_such_flag=1", "nonsense", "--xla_force_host_platform_device_count=2", "--v=x")
KERAS = {
    "floatx": "float16", "backend": "jax", "image_data_format": "channels_first", "epsilon": "x",
    "nnx_enabled": True,
}  # fmt: skip


def _each(names: str, values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names.split(), values)


VARIABLES = {
    **_each("TF_NUM_INTRAOP_THREADS TF_NUM_INTEROP_THREADS OMP_NUM_THREADS TF_ENABLE_ONEDNN_OPTS", NUMBERS),
    "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS": NUMBERS,
    **_each("TF_SET_ONEDNN_FPMATH_MODE ONEDNN_DEFAULT_FPMATH_MODE", ("", "BF16", "x")),
    **_each("TF_CPP_MIN_LOG_LEVEL TF_DETERMINISTIC_OPS CUDA_VISIBLE_DEVICES COLUMNS", NUMBERS),
    **_each("SLURM_PROCID SLURM_NTASKS SLURM_STEP_NUM_TASKS SLURM_JOB_ID", NUMBERS),
    **_each("XLA_FLAGS TF_XLA_FLAGS", FLAGS),
    **_each("GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE TMPDIR HOME XDG_CACHE_HOME MPLCONFIGDIR", PLACES),
    "KERAS_HOME": (*PLACES, "a keras.json"),
    "KERAS_BACKEND": ("", "tensorflow", "jax", "torch", "x"),
    **_each("KERAS_MAX_EPOCHS KERAS_MAX_STEPS_PER_EPOCH", NUMBERS),
    "KERAS_NNX_ENABLED": ("", "true", "x"),
    "MPLBACKEND": ("", "x", "module://matplotlib_inline.backend_inline"),
    **_each("LANG LC_ALL", ("", "C", "tr_TR.UTF-8", "xx_YY")),
    "PYTHONIOENCODING": ("ascii", "latin-1", "utf-16"),
    "TERM": ("", "dumb", "x"),
    "TF_CONFIG": ("", "{", "[]", "{}", "null", '{"cluster": {"worker": ["x"]}}', "[" * 20_000, "one worker"),
}


def trials(seed: int, count: int, folder: Path) -> Iterator[Trial]:
    images = write_images(folder / "images")
    end = ended(command(["-m", "alexnet_tf", *training(images, folder / "plain", epochs=1)], folder))
    if end.status:
        raise RuntimeError(f"a run in this environment ended with {end.status}: {end.last_line}")
    expected = _scores(folder / "plain")

    def trial(number: int) -> Trial:
        rng = np.random.default_rng((seed, number))
        out = folder / f"out{number}"
        names = rng.choice(list(VARIABLES), rng.integers(1, 4), replace=False)
        given = {str(name): VARIABLES[name][rng.integers(len(VARIABLES[name]))] for name in names}
        what = ", ".join(f"{name}={value[:40]}" for name, value in given.items())
        if given.get("KERAS_HOME") == "a keras.json":
            given["KERAS_HOME"] = str(folder / f"keras{number}")
            (folder / f"keras{number}").mkdir()
            name = str(rng.choice(list(KERAS)))
            value = KERAS[name] if rng.integers(2) else JSON_VALUES[rng.integers(len(JSON_VALUES))]
            text = json.dumps({name: value} if rng.integers(4) else value)
            (folder / f"keras{number}" / "keras.json").write_text(text)
            what += f" of {text[:40]}"
        if given.get("TF_CONFIG") == "one worker":
            given["TF_CONFIG"] = tf_config(free_addresses(1), 0)
        arguments = ["-m", "alexnet_tf", *training(images, out, epochs=1)]
        # The command runs in `folder`: if HOME or KERAS_HOME is relative, Keras writes its settings there.
        end = ended(command(arguments, folder, **given), timeout=180)
        detail = f"status {end.status}" + (f": {end.last_line}" if end.status else "")
        outcome = AS_PROMISED
        if end.crashed:
            outcome = TRACEBACK
        elif end.status == 2:
            # The line must name a variable or its value. A short value such as "1" could be in any line.
            words = [*given, *(value for value in given.values() if len(value) > 3)]
            named = any(word in end.last_line for word in words)
            if not (end.has_one_error and named):
                outcome = WRONG
            elif (out / "model.json").exists():
                outcome = LOST
        elif end.status or _scores(out)[1] != expected[1]:
            outcome = LOST if end.status else WRONG
        elif not np.allclose(_scores(out)[0], expected[0], rtol=0.01):
            outcome, detail = WRONG, f"{_scores(out)[0]} instead of {expected[0]}"
        return Trial(f"variables {number}: {ascii(what)[1:-1]}", seed, outcome, detail)

    return in_parallel(trial, count)


def _scores(out: Path) -> tuple[list[float], str]:
    with open(out / "curve.csv", encoding="utf-8", newline="") as file:
        last = [*csv.DictReader(file)][-1]
    numbers = [float(last[name]) for name in ("train_loss", "test_loss")]
    return numbers, json.loads((out / "model.json").read_text("utf-8"))["environment"]["git_commit"]
