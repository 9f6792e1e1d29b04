import math
import sys
import types

import pytest

from benchmarks.runner import serve
from benchmarks.runner.worker import Worker, WorkerError


@pytest.fixture
def worker():
    worker = Worker(sys.executable, "tests.benchmarks.fake_side")
    yield worker
    worker.stop()


def prepare(worker, build, timeout=30.0, **arguments):
    return worker.ask(timeout, do="prepare", key=build, build=build, arguments=arguments)


def test_a_worker_prepares_times_and_drops_a_task(worker, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # -1 hides all GPUs.
    assert worker.about() == {"version": "1.2", "gpus": "-1", "threads": ""}

    prepared = prepare(worker, "work.good", amount=3)
    timed = worker.ask(do="time", key="work.good", calls=5)

    assert (prepared["amount"], prepared["gflop"]) == (3, 6)
    assert 0 < timed["seconds"] < 1
    assert worker.ask(do="peak")["mebibytes"] > 1
    worker.ask(do="drop", key="work.good")
    with pytest.raises(WorkerError, match="process ended"):
        worker.ask(do="time", key="work.good", calls=1)


@pytest.mark.parametrize(("long", "calls"), [(60.0, 2), (0.1, 1)])
def test_the_second_call_gives_the_time_unless_the_first_was_long(tmp_path, monkeypatch, long, calls):
    monkeypatch.setattr(serve, "LONG", long)
    log = tmp_path / "log"
    request = {"do": "prepare", "key": "x", "build": "work.slow_at_first", "arguments": {"log": str(log)}}

    answer = serve.Server("tests.benchmarks.fake_side").answer(request)

    assert len(log.read_text().splitlines()) == calls
    # Only the first call takes 0.2 s.
    assert (answer["seconds"] >= 0.2) == (calls == 1)


@pytest.mark.parametrize(
    ("build", "timeout", "reason"),
    [
        ("work.failing", 30.0, r"^ValueError: no such kernel$"),
        ("nowhere.x", 30.0, "No module named"),
        ("work.dying", 30.0, "status 7"),
        ("work.hanging", 1.0, "no answer within 1 s"),
    ],
)
def test_the_error_gives_the_reason_of_a_failure_and_the_worker_continues(worker, build, timeout, reason):
    with pytest.raises(WorkerError, match=reason):
        prepare(worker, build, timeout)

    assert prepare(worker, "work.good", amount=1)["amount"] == 1


def test_a_missing_python_is_reported():
    assert "No such file" in Worker("/nowhere/python", "tests.benchmarks.fake_side").about()["error"]


def test_cpu_seconds_include_child_processes_and_a_task_can_skip_the_warm_up(worker):
    assert prepare(worker, "work.busy_child")["seconds"] == math.inf

    assert worker.ask(do="time", key="work.busy_child", calls=2)["cpu_seconds"] == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize(
    ("platform", "reason"),
    [
        ("linux", "none of jemalloc, tcmalloc, tcmalloc_minimal is installed"),
        # LD_PRELOAD would have no effect there, without an error.
        ("darwin", "the benchmark can replace the memory allocator only on Linux"),
    ],
)
def test_an_allocator_that_cannot_be_used_is_reported(monkeypatch, platform, reason):
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr(sys, "platform", platform)

    about = Worker(sys.executable, "tests.benchmarks.fake_side", other_allocator=True).about()

    assert about == {"error": reason}


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_the_peak_is_in_mebibytes(monkeypatch, platform, unit):
    monkeypatch.setattr(sys, "platform", platform)
    used = types.SimpleNamespace(ru_maxrss=5 * 2**20 / unit)
    monkeypatch.setattr(serve.resource, "getrusage", lambda who: used)

    assert serve.Server("tests.benchmarks.fake_side").answer({"do": "peak"}) == {"mebibytes": 5}
