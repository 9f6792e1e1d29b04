import json
import os

import pytest

from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.cluster import Cluster, find_cluster, read_cluster
from tests.worker_processes import tf_config

SLURM = {
    "SLURM_PROCID": "2",
    "SLURM_JOB_ID": "1203",
    "SLURM_NTASKS": "3",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "node[01-02]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
    "SLURMD_NODENAME": "node02",
}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in ("TF_CONFIG", "no_grpc_proxy", "no_proxy", *SLURM):
        # monkeypatch remembers only variables that it has changed. Setting and deleting a variable makes it
        # remove the value that `find_cluster` writes, after the test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def set_slurm(monkeypatch, changes=None):
    for name, value in (SLURM | (changes or {})).items():
        if value is not None:
            monkeypatch.setenv(name, value)


def test_no_variables_mean_one_process():
    assert find_cluster() is None


def test_workers_are_ordered_by_index_and_excluded_from_the_proxy(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(["a:1", "b:2"], 1))
    monkeypatch.setenv("no_proxy", "x")
    assert find_cluster() == Cluster(("worker 0", "worker 1"), ("a:1", "b:2"), 1)
    assert os.environ["no_grpc_proxy"] == "x,a,b"  # noqa: SIM112


def test_a_chief_comes_before_the_workers():
    cluster = {"worker": ["a:1", "[::1]:2"], "chief": ["c:3"]}
    found = read_cluster(json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1}}))

    assert found == Cluster(("chief 0", "worker 0", "worker 1"), ("c:3", "a:1", "[::1]:2"), 2)
    assert [found.place(rank) for rank in range(3)] == [("c", 3), ("a", 1), ("::1", 2)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "received '{'"),
        ("[]", r"received '\[\]'"),
        ("[" * 100_000, "received"),
        ('{"cluster": {"worker": ["a:1"]}}', '"task"'),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', '"type": "worker"'),
        ('{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}', "received"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}', ""),
        ('{"cluster": {"chief": ["a:1", "b:1"]}, "task": {"type": "chief", "index": 0}}', "received"),
        (tf_config(["a:1", "b:1"], 2), "between 0 and 1; received 2"),
        (tf_config(["a:1", "b:1"], -1), "between 0 and 1; received -1"),
        (tf_config(["a:1", "b:1"], 0.9), "0.9"),
        (tf_config(["a:1", "b:1"], True), "true"),
        (tf_config(["a:1", "b:1"], float("inf")), "Infinity"),
        (tf_config(["a:1", "b"], 0), "host:port; received 'b'"),
        (tf_config(["http://a:1", "b:1"], 0), "host:port; received 'http://a:1'"),
        (tf_config(["a:1", "b:99999"], 0), "host:port; received 'b:99999'"),
        (tf_config(["a:1", 7], 0), "host:port; received 7"),
        (tf_config(["a:1", "b:1", "a:1"], 0), "received a:1 more than once"),
    ],
)
def test_a_tf_config_without_valid_workers_or_task_is_refused(text, words):
    with pytest.raises(InputError, match=rf"TF_CONFIG: expected .*{words}") as caught:
        read_cluster(text)
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)


def test_the_tasks_of_a_slurm_step_are_workers(monkeypatch):
    set_slurm(monkeypatch)

    found = find_cluster()

    names, addresses = ("worker 0", "worker 1", "worker 2"), ("node01:10300", "node01:10301", "node02:10300")
    assert found == Cluster(names, addresses, 2)
    # The first call has set TF_CONFIG for TensorFlow; the second call reads the same cluster from TF_CONFIG.
    assert find_cluster() == found


@pytest.mark.parametrize("changes", [{"SLURM_STEP_NUM_TASKS": "1"}, {"SLURM_PROCID": None}])
def test_one_task_or_a_shell_in_an_allocation_is_not_a_cluster(monkeypatch, changes):
    set_slurm(monkeypatch, changes)
    assert find_cluster() is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SLURM_STEP_NUM_TASKS": None}, "started by srun"),
        ({"SLURM_STEP_NODELIST": None}, "STEP_NODELIST"),
        ({"SLURM_STEP_TASKS_PER_NODE": "2"}, "3 tasks but only 2"),
        ({"SLURM_PROCID": "7"}, "started by srun"),
        ({"SLURMD_NODENAME": "node01"}, "on node02.* received node01"),
        (
            {"SLURM_STEP_NODELIST": "node[9-10]", "SLURMD_NODENAME": "node10"},
            "on node9.* received node10.* names, sorted as text",
        ),
    ],
)
def test_slurm_variables_that_do_not_fit_are_refused(monkeypatch, changes, words):
    set_slurm(monkeypatch, changes)
    with pytest.raises(InputError, match=f"Slurm: expected .*{words}") as caught:
        find_cluster()
    assert "\n" not in str(caught.value)
