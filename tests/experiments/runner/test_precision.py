from pathlib import Path

import pytest

from alexnet_tf.results.folder import read_lr_search, read_runs
from alexnet_tf.runtime.errors import InputError
from experiments import EXPERIMENTS
from experiments.claims.pooling import POOLING
from experiments.experiment import Experiment
from experiments.runner import options as options_module
from experiments.runner.options import Options
from experiments.runner.search import candidate
from tests.experiments.committed import RESULTS

EACH = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)


def committed(experiment: Experiment) -> Path:
    return RESULTS / experiment.dataset / experiment.name


@pytest.fixture(params=[True, False], ids=["bfloat16", "no bfloat16"])
def has_bfloat16(request, monkeypatch):
    monkeypatch.setattr(options_module, "has_bfloat16", lambda: request.param)
    return request.param


@EACH
def test_a_run_without_settings_has_the_committed_hashes_if_there_is_bfloat16(experiment, has_bfloat16):
    options, _ = Options(dataset=experiment.dataset).settled(experiment, experiment.precision)
    rows = read_runs(committed(experiment)).rows
    assert {row["arm"] for row in rows} <= {arm.name for arm in experiment.arms}
    as_committed = has_bfloat16 or experiment.precision == "float32"
    for row in rows:
        planned = options.configured(experiment.arm(row["arm"]).config.replace(seed=row["seed"]))
        assert row["precision"] == experiment.precision
        assert (planned.hash(row["data_fingerprint"]) == row["config_hash"]) == as_committed
        assert planned.precision == (experiment.precision if as_committed else "float32")


@EACH
def test_a_search_without_settings_has_the_committed_candidates(experiment, monkeypatch):
    monkeypatch.setattr(options_module, "has_bfloat16", lambda: True)
    options, _ = Options(dataset=experiment.dataset).settled(experiment, experiment.search_precision)
    folder = committed(experiment)
    fingerprints = {
        row["data_fingerprint"]
        for path in folder.parent.glob("*/runs.csv")
        for row in read_runs(path.parent).rows
    }
    rows = read_lr_search(folder).rows
    is_searched = any(arm.grid for arm in experiment.arms)
    # A search may be committed before its runs, but not after them.
    assert is_searched or not rows
    assert bool(rows) or not (is_searched and read_runs(folder).rows)
    for row in rows:
        planned = candidate(experiment.arm(row["arm"]), row["learning_rate"], options, row["seed"])
        assert row["precision"] == experiment.search_precision
        assert {planned.hash(each) for each in fingerprints} == {row["config_hash"]}


def test_rows_of_an_undeclared_precision_are_in_a_folder_named_after_it():
    folders = [path.parent for path in sorted(RESULTS.rglob("runs.csv"))]
    declared = {*map(committed, EXPERIMENTS), RESULTS / "quickstart/builtin/quickstart"}
    others = [folder for folder in folders if folder not in declared]
    assert others
    for folder in others:
        assert {row["precision"] for row in read_runs(folder).rows} == {folder.parents[1].name}


def test_the_declared_precision_is_the_default_on_the_declared_data_set_only(has_bfloat16):
    def settled(dataset, **options):
        found, notices = Options(dataset=dataset, **options).settled(POOLING, POOLING.precision)
        return found.precision, notices

    assert settled("builtin") == ("float32", [])
    assert settled("cifar10", precision="float32") == ("float32", [])
    assert settled("cifar10", precision="mixed_bfloat16") == ("mixed_bfloat16", [])
    assert settled("cifar10", settings=("precision=float32",)) == (None, [])
    precision, notices = settled("cifar10")
    assert precision == ("mixed_bfloat16" if has_bfloat16 else "float32")
    assert len(notices) == (0 if has_bfloat16 else 1)
    for word in ("float32", "mixed_bfloat16", "compare", "--precision"):
        assert all(word in notice for notice in notices)


@pytest.mark.parametrize("precision", [None, "float32", "mixed_bfloat16"])
def test_writing_runs_to_results_is_refused_without_bfloat16(has_bfloat16, precision, tmp_path):
    def settled(folder="results", dataset="cifar10"):
        options = Options(dataset=dataset, precision=precision, results_dir=tmp_path / folder)
        return options.settled(POOLING, POOLING.precision)

    if has_bfloat16:
        assert settled()
    else:
        refusal = r"ablation-pooling: expected a processor with bfloat16.* RESULTS_DIR="
        with pytest.raises(InputError, match=refusal):
            settled()
    # Other results directories and data sets are not refused.
    assert settled("runs")
    assert settled("results/float32")
    assert settled(dataset="builtin")
