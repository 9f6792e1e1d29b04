import contextlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf

from alexnet_tf.models import alexnet
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.errors import InputError
from benchmarks.profile import inputs, rows
from benchmarks.profile import measure as profile
from benchmarks.profile.inputs import BILINEAR, CACHED, FILES, SMALL, stages_table
from benchmarks.profile.trace import NORMALISATION, UPDATE
from benchmarks.runner.machine import read_machine
from benchmarks.runner.photographs import write_photographs
from benchmarks.tensorflow_side.inference import forward_gflop
from benchmarks.tensorflow_side.training_step import half_width_model, training_gflop


def test_the_gflop_of_the_parts_add_up_to_the_gflop_of_the_network():
    with weightless():
        net, half_width = alexnet((224, 224, 3), 1000), half_width_model()
    for work, counted, expected, products in [
        # A multiply-add counts as two operations. A training step has three products per layer, but only two
        # for conv1. So it has 2 (3 x 724,406,816 - 105,415,200) operations: the network has 724,406,816
        # multiply-adds, and its conv1 105,415,200.
        (rows.TRAINING, training_gflop(net), 4.135610496, 3 * 8 - 1),
        # 2 (3 x 31,382,080 - 2,433,600), as above.
        (rows.HALF_WIDTH, training_gflop(half_width), 0.18342528, 3 * 8 - 1),
        (rows.INFERENCE, forward_gflop(net), 2 * 0.724406816, 8),
    ]:
        costs = profile._gflop(work, batch=1)
        assert sum(costs.values()) == pytest.approx(counted) == pytest.approx(expected)
        assert len(costs) == products


def test_the_bilinear_stages_are_profiled(tmp_path, monkeypatch):
    methods = []
    monkeypatch.setattr(inputs, "central_square", lambda image, side, method: methods.append(method))
    monkeypatch.setattr(inputs, "_pipelines", lambda *names: [])
    for name in ("large", "small"):
        write_photographs(tmp_path / name, 1)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a.pixels").touch()
    calls = {(work, stage): call for work, stage, _, call in inputs._calls(tmp_path)}
    calls[BILINEAR, "decoding"]()
    calls[BILINEAR, "scaling"]()
    assert methods == ["bilinear"]


def test_a_profile_that_fails_writes_no_file(tmp_path, monkeypatch):
    pool = SimpleNamespace(submit=lambda *_: SimpleNamespace(result=list))

    def failing(*_):
        raise InputError("other names of operations")

    monkeypatch.setattr(profile, "ProcessPoolExecutor", lambda *_, **__: contextlib.nullcontext(pool))
    monkeypatch.setattr(tf.config.threading, "set_inter_op_parallelism_threads", lambda count: None)
    monkeypatch.setattr(profile.training_step, "alexnet", failing)

    with pytest.raises(InputError, match="other names"):
        profile.run_profile(tmp_path)
    assert list(tmp_path.rglob("*.csv")) == []


@pytest.mark.slow
def test_a_measured_step_has_all_parts_of_the_network(tmp_path):
    # In another process, because a process can set its number of threads only once.
    code = (
        "import pathlib; from benchmarks.profile.measure import run_profile\n"
        "if __name__ == '__main__': run_profile(pathlib.Path(), [2], 160)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600, cwd=tmp_path, env=environment)

    (folder,) = tmp_path.iterdir()
    measured = rows.read_profile(folder / "profile.csv")
    shares = [one for one in measured if (one.work, one.precision) == (rows.TRAINING, "float32")]
    seconds = {(one.part, one.layer): one.seconds for one in shares}
    layers = {*(f"conv{number}" for number in range(1, 6)), *(f"fc{number}" for number in range(6, 9))}
    for part in (rows.FORWARD, rows.WEIGHTS, rows.INPUTS):
        found = {layer for (name, layer) in seconds if name == part}
        assert found == layers - ({"conv1"} if part == rows.INPUTS else set())
    assert {NORMALISATION, UPDATE, "pooling"} <= {part for part, _ in seconds}
    untraced = rows.WHOLE, rows.MATRIX_PRODUCT
    traced = sum(value for (part, _), value in seconds.items() if part not in untraced)
    assert seconds.get(("everything else", ""), 0) < 0.1 * traced
    assert read_machine(folder / "profile_machine.csv")["tensorflow_inter_op_threads"] == "1"
    of_one_image = {(one.part, one.layer) for one in measured if one.work == rows.INFERENCE and one.layer}
    stages = stages_table(folder / "profile_inputs.csv")
    assert all(f"| {work} | batches: colour noise |" in stages for work in (FILES, CACHED, SMALL))
    assert all(f"| {BILINEAR} | {stage} |" in stages for stage in ("decoding", "scaling"))
    assert of_one_image == {(rows.FORWARD, layer) for layer in layers}
