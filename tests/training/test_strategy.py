from types import SimpleNamespace

import pytest
import tensorflow as tf

from alexnet_tf.__main__ import main
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training import strategy
from alexnet_tf.training.strategy import is_chief, make_strategy, warn_of_unseen_gpu
from tests.worker_processes import tf_config


def test_one_replica_needs_no_strategy():
    for replicas in ("1", "auto"):
        assert make_strategy(replicas) is tf.distribute.get_strategy()


def test_two_replicas_without_a_gpu_use_logical_cpus():
    strategy = make_strategy("2")

    assert isinstance(strategy, tf.distribute.MirroredStrategy)
    assert strategy.num_replicas_in_sync == 2
    assert is_chief(strategy)


@pytest.mark.parametrize(
    ("replicas", "words"),
    [
        *((text, "expected auto or a whole number >= 1") for text in ("0", "-1", "two", "1.5", "")),
        ("5000000", "expected at most 64; received 5000000"),
        ("3", "expected at most 2 in this process; received 3"),
    ],
)
def test_invalid_or_too_many_replicas_are_refused(replicas, words):
    tf.config.list_logical_devices()
    with pytest.raises(InputError, match=words):
        make_strategy(replicas)


def test_auto_uses_every_gpu_and_a_number_uses_that_many(monkeypatch):
    asked = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["gpu"] * 4)
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", asked.append)

    make_strategy("auto")
    make_strategy("2")

    assert asked == [["GPU:0", "GPU:1", "GPU:2", "GPU:3"], ["GPU:0", "GPU:1"]]


@pytest.mark.parametrize(
    ("device", "visible", "lines"), [(True, None, 1), (True, "-1", 0), (False, None, 0), (True, "0", 1)]
)
def test_an_unseen_gpu_is_reported_unless_hidden(tmp_path, monkeypatch, capsys, device, visible, lines):
    monkeypatch.setattr(strategy, "NVIDIA_DEVICES", [tmp_path if device else tmp_path / "nvidia0"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    warn_of_unseen_gpu.cache_clear()

    # The command is refused before it trains, but after the line is printed.
    main(["train", "--model", "alexnet", "--dataset", "folder:missing", "--out", str(tmp_path / "out")])

    warnings = [line for line in capsys.readouterr().err.splitlines() if "NVIDIA" in line]
    assert len(warnings) == lines
    assert all("make setup CUDA=1" in line for line in warnings)


@pytest.mark.parametrize("gpus", [0, 4])
def test_workers_compare_their_versions_and_numbers_of_gpus(monkeypatch, gpus):
    compared = {}
    monkeypatch.setenv("TF_CONFIG", tf_config(["a:1", "b:1"], 1))
    monkeypatch.setattr(strategy, "meet", lambda cluster: SimpleNamespace(compare=compared.update))
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda: "workers")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"] * gpus)

    assert make_strategy("auto") == "workers"
    assert {"python", "tensorflow", "keras", "alexnet_tf", "code commit"} <= compared.keys()
    assert (compared["tensorflow"], compared["GPUs"]) == (tf.__version__, gpus)
    with pytest.raises(InputError, match=f"--replicas: expected auto or, on this worker, {gpus or 1};"):
        make_strategy("2")


@pytest.mark.parametrize(
    ("jobs", "kind", "index", "chief"),
    [
        (["worker"], "worker", 0, True),
        (["worker"], "worker", 1, False),
        (["chief", "worker"], "chief", 0, True),
        (["chief", "worker"], "worker", 0, False),
    ],
)
def test_one_process_of_a_cluster_is_the_chief(jobs, kind, index, chief):
    cluster = tf.train.ClusterSpec({job: ["a:1", "b:1"] for job in jobs})
    resolver = SimpleNamespace(task_type=kind, task_id=index, cluster_spec=lambda: cluster)
    assert is_chief(SimpleNamespace(cluster_resolver=resolver)) is chief


@pytest.mark.parametrize("name", ["TF_NUM_INTRAOP_THREADS", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS"])
def test_workers_compare_variables_that_change_the_rounding_of_sums(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    assert strategy._versions()[name] == "unset"
    monkeypatch.setenv(name, "0")
    assert strategy._versions()[name] == "0"
