"""Parallel runs give the same rows as sequential ones, even if a worker or the command is killed."""

import contextlib
import functools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import psutil
import pytest
from dask.sizeof import sizeof
from distributed import Client, KilledWorker, LocalCluster
from distributed.protocol import compression

import experiments.runner.jobs
from alexnet_tf.runtime.errors import Interruption
from experiments.__main__ import main
from experiments.claims.ensemble import EXPERIMENT as ENSEMBLE
from experiments.runner.jobs import STOP_SECONDS, Jobs, Task, open_jobs, thread_notes
from experiments.runner.options import Options
from tests.command_errors import one_line_of_status_2
from tests.experiments.one_run import COMMON, small_steps
from tests.experiments.tables_read_back import untimed
from tests.tiny import TINY_CONFIG

ROOT = Path(__file__).parents[3]


def same(a: Path, b: Path, *names: str) -> bool:
    """Whether the rows are equal except for their times, and the only file in `state` of `a` is `lock`."""
    a, b = (results_dir / "folder-tree/ablation-relu" for results_dir in (a, b))
    left = [path.name for path in (a / "state").iterdir() if path.is_file()]
    return left == ["lock"] and all(untimed(a / name) == untimed(b / name) for name in names)


@pytest.fixture(scope="module")
def whole(tree, tmp_path_factory):
    """The results directory of a run and a search without parallel jobs."""
    results_dir = tmp_path_factory.mktemp("whole")
    for name in ("run", "search"):
        assert main(small_steps(tree, results_dir, name=name)) == 0
    return results_dir


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # No `env`: rounding depends on the number of TensorFlow's threads, so workers must have as many as this
    # process.
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, preload="experiments.runner.startup",
        memory_limit=0, local_directory=str(tmp_path_factory.mktemp("dask")),
    ) as cluster:  # fmt: skip
        yield cluster


def wait_for_checkpoint(results_dir: Path, is_wanted) -> None:
    deadline = time.monotonic() + 600
    while not list(results_dir.glob("*/*/state/*.npz")):
        assert is_wanted()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_give_the_rows_of_one_process(tree, whole, cluster, tmp_path):
    killed = []

    def kill_one():
        wait_for_checkpoint(tmp_path, lambda: True)
        with Client(cluster, set_as_default=False) as client:
            tasks = client.processing()
        (busy, *_) = (each for each in cluster.workers.values() if tasks[each.worker_address])
        os.kill(busy.pid, signal.SIGKILL)
        killed.append(busy.pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    for name in ("run", "search"):
        flags = ["--scheduler", cluster.scheduler_address]
        assert main(small_steps(tree, tmp_path, *flags, name=name)) == 0
    killer.join()
    assert killed
    assert same(tmp_path, whole, "runs.csv", "curves.csv", "lr_search.csv")


@pytest.mark.slow
def test_a_worker_ends_the_run_of_a_command_that_was_killed(tree, cluster, tmp_path):
    flags = ["--scheduler", cluster.scheduler_address]
    command = [sys.executable, "-m", "experiments", *small_steps(tree, tmp_path, *flags, epochs=1000)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with Client(cluster, set_as_default=False) as client:
        wait_for_checkpoint(tmp_path, lambda: process.poll() is None)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 120
        while any(client.run(lambda dask_worker: list(dask_worker.active_threads)).values()):
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_even_if_the_new_one_starts_slowly(tmp_path, monkeypatch):
    slow, marker = tmp_path / "slow.py", tmp_path / "marker"
    # Longer than the 15 seconds after which Dask gives up a lost worker by default.
    slow.write_text("import time\ndef dask_setup(worker):\n    time.sleep(20)\n")
    own = {"preload": str(slow)}
    monkeypatch.setattr(experiments.runner.jobs, "LocalCluster", lambda **given: LocalCluster(**given | own))

    def die_once(progress) -> int:
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    lock = tmp_path / "lock"
    lock.touch()
    results = []
    with open_jobs(Options(jobs=1), at_most=1) as jobs:
        jobs.run("relu", die_once, [Task(lock, 8, ())], lambda task, result: results.append(result))
    assert results


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_jobs_leave_no_process_and_resume_to_the_same_rows(tree, whole, tmp_path, number):
    # Rounding depends on the number of TensorFlow's threads, so the jobs must have as many as `whole`.
    own = {"TMPDIR": str(tmp_path), "TF_NUM_INTRAOP_THREADS": str(os.cpu_count())}
    jobs = [sys.executable, "-m", "experiments", *small_steps(tree, tmp_path / "rows", "--jobs", "2")]
    places = {"cwd": ROOT, "env": os.environ | own, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    process = subprocess.Popen(jobs, **places, text=True, process_group=0)
    try:
        wait_for_checkpoint(tmp_path / "rows", lambda: process.poll() is None)
        children = psutil.Process(process.pid).children(recursive=True)
        # On Ctrl-C, a terminal sends SIGINT to the whole process group.
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()

    assert process.returncode == 128 + number
    assert "the state is kept" in said.splitlines()[-1]
    assert "distributed" not in said, "expected no notices of Dask"
    # One of the children, Python's resource tracker, ends a moment after the workers.
    _, left = psutil.wait_procs(children, timeout=20)
    assert not left, [child.cmdline() for child in left]
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]
    assert not list(tmp_path.rglob("*seed0.lock"))
    assert list(tmp_path.rglob("*.npz"))
    subprocess.run(jobs, **places, check=True, timeout=600)
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]
    assert same(tmp_path / "rows", whole, "runs.csv", "curves.csv")


@pytest.mark.parametrize(
    ("jobs", "processes", "chosen", "words"),
    [
        (4, 4, "", ["4 of 16"]),
        (0, 16, "", ["1 of 16"]),
        (0, 3, "", ["13 of 16 cores are idle; with --jobs 3 each run has 5 threads", "1 of 16"]),
        (0, 9, "", ["7 of 16 cores are idle", "1 of 16"]),
        (1, 1, "", []),
        (4, 4, "2", []),
    ],
    ids=["divided", "auto", "auto with idle cores", "no more threads to give", "one job", "chosen"],
)
def test_notices_name_fewer_threads_of_jobs_and_idle_cores(monkeypatch, jobs, processes, chosen, words):
    monkeypatch.setattr("dask.system.CPU_COUNT", 16)
    monkeypatch.setattr("experiments.runner.jobs.CPU_COUNT", 16)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    if chosen:
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", chosen)
    notes = thread_notes(jobs, processes)
    assert [re.search(r"\d+ of \d+( cores are idle.*)?", note)[0] for note in notes] == words


def first_weight(models, data) -> dict[str, float]:
    return {"averaged_error": sum(float(model.variables[0].numpy().flat[0]) for model in models)}


@pytest.fixture
def with_jobs(tiny_builtin, monkeypatch):
    """A function that replaces `Jobs.run`; `open_jobs` then starts no workers."""
    opened = contextlib.nullcontext(object.__new__(Jobs))
    monkeypatch.setattr(experiments.runner.jobs, "open_jobs", lambda *_, **__: opened)
    return functools.partial(monkeypatch.setattr, Jobs, "run")


def test_a_run_waits_for_the_nets_that_it_shares(with_jobs, tmp_path, monkeypatch):
    begun = []

    def last_task_first(self, title, function, tasks, record):
        while tasks:
            begun.append([task.arguments[1:3] for task in tasks])
            task = tasks.pop()
            record(task, function(*task.arguments, None))

    with_jobs(last_task_first)
    changes = {"config": TINY_CONFIG.replace(epochs=1), "seeds": (0, 1), "probe": first_weight}
    arms = [replace(ENSEMBLE.arm(name), **changes) for name in ("one", "two")]
    made_up = replace(ENSEMBLE, arms=tuple(arms), comparisons=())
    monkeypatch.setattr(experiments, "EXPERIMENTS", [made_up], raising=False)
    arguments = ["run", "ensemble", "--dataset", "builtin", "--results-dir"]
    for results_dir, jobs in (("one", "1"), ("two", "2")):
        assert main([*arguments, str(tmp_path / results_dir), "--jobs", jobs]) == 0

    assert begun[0] == [("one", 0), ("one", 1)]
    rows = [untimed(tmp_path / name / "builtin/ablation-ensemble/runs.csv") for name in ("one", "two")]
    assert [row["message"].startswith("shared with") for row in rows[0]] == [False, False, True, True]
    assert rows[0] == rows[1]


def test_a_run_whose_workers_keep_dying_is_recorded_as_failed(with_jobs, tmp_path):
    future = mock.Mock(**{"result.side_effect": KilledWorker("a run", mock.Mock(), 3)})

    def workers_die(self, title, function, tasks, record):
        while tasks:
            record(tasks.pop(), self._result(future)[0])

    with_jobs(workers_die)
    arguments = ["run", "relu", *COMMON, "--arms", "relu", "--seeds", "0,1", "--jobs", "2"]
    assert main([*arguments, "--results-dir", str(tmp_path)]) == 1
    (file,) = tmp_path.rglob("runs.csv")
    rows = untimed(file)
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert all(row["message"].startswith("KilledWorker: ") for row in rows)


@pytest.mark.slow
def test_workers_listen_on_the_loopback_address_only():
    def places() -> set[tuple[str, int]]:
        own = psutil.Process()
        found = [process.net_connections("tcp") for process in (own, *own.children(recursive=True))]
        return {each.laddr for part in found for each in part if each.status == psutil.CONN_LISTEN}

    before = places()
    with open_jobs(Options(jobs=2), at_most=1):
        assert {host for host, _ in places() - before} == {"127.0.0.1"}


def test_dask_does_not_draw_from_the_generator_that_seeds_networks(monkeypatch):
    # Dask draws random numbers in its heartbeats, which run in another thread.
    monkeypatch.setattr(sys.modules["dask.sizeof"], "random", random)
    monkeypatch.setattr(compression, "randint", random.randint)
    experiments.runner.jobs._part_random()
    state = random.getstate()
    sizeof(list(range(1000)))
    compression.randint(0, 9)
    assert random.getstate() == state


def test_a_command_without_workers_says_so_and_ends_at_once_if_interrupted(tmp_path, capsys):
    with LocalCluster(
        n_workers=0, processes=False, protocol="tcp://", dashboard_address=None,
        scheduler_kwargs={"dashboard_address": ":0"},
    ) as none:  # fmt: skip
        options, started = Options(scheduler=none.scheduler_address), time.monotonic()
        with open_jobs(options, 1) as jobs:
            threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
            with pytest.raises(Interruption):
                jobs.run("relu", print, [Task(tmp_path / "lock", 8, ())], print)
        assert time.monotonic() - started < STOP_SECONDS / 2
    assert "has no worker yet" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_builtin")
def test_a_bad_address_of_a_scheduler_is_refused(tmp_path, capsys):
    arguments = ["run", "relu", *COMMON, "--results-dir", str(tmp_path), "--scheduler", "nowhere"]
    assert "the address of a Dask scheduler" in one_line_of_status_2(main, arguments, capsys)
