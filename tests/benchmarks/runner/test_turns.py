import dataclasses
import math

import pytest

from benchmarks.plan import OTHER_ALLOCATOR, Benchmark, Contender
from benchmarks.runner import turns
from benchmarks.runner.turns import Budget, measure, measure_alone
from benchmarks.runner.worker import WorkerError

CONTENDERS = Contender("fast", "tensorflow", "m.fast"), Contender("slow", "pytorch", "m.slow")
COMPARISON = Benchmark("item", "case", "images", CONTENDERS)
SECONDS = {"fast": 0.1, "slow": 4.0}


class FakeWorker:
    def __init__(self, log, fails=()):
        self.log, self.fails = log, fails

    def ask(self, do, key="", calls=0, **_):
        self.log.append((do, key) + ((calls,) if calls else ()))
        if (do, key) in self.fails:
            raise WorkerError(f"cannot {do}")
        about = {"amount": 8, "gflop": 16, "mebibytes": 100, "note": "2 threads"}
        return {**about, "seconds": SECONDS.get(key), "cpu_seconds": 0.2}

    def stop(self):
        self.log.append(("stop",))


def workers(log, fails=()):
    return {side: FakeWorker(log, fails) for side in ("tensorflow", "pytorch")}


def test_every_second_round_has_the_reverse_order_and_short_calls_are_repeated():
    log = []

    fast, slow = measure(COMPARISON, workers(log), Budget(3, 100.0, least_rounds=2, shortest=0.5))

    timed = [entry[1:] for entry in log if entry[0] == "time"]
    assert timed == [("fast", 5), ("slow", 1), ("slow", 1), ("fast", 5), ("fast", 5), ("slow", 1)]
    assert fast.seconds == (0.1,) * 3
    assert slow.seconds == (4.0,) * 3
    assert (fast.rate, fast.gflop_per_second) == pytest.approx((80, 160))
    assert (fast.cpu_seconds, fast.note) == (0.2, "2 threads")
    assert [entry for entry in log if entry[0] == "drop"] == [("drop", "fast"), ("drop", "slow")]


@pytest.mark.parametrize(
    ("warm_up", "shortest", "turns"),
    [
        (30.0, 0.5, [1, 5, 5]),
        (0.13, 0.5, [4, 5, 5]),
        # 11 calls take 1.1 s, which is near enough to 1.2 s.
        (0.11, 1.2, [11, 11]),
        (0.08, 0.5, [7, 7]),
        (math.inf, 0.5, [1, 1]),
    ],
)
def test_a_turn_that_a_slow_warm_up_made_too_short_is_repeated_with_more_calls(warm_up, shortest, turns):
    class Compiles(FakeWorker):
        def ask(self, do, **arguments):
            answer = super().ask(do, **arguments)
            return {**answer, "seconds": warm_up} if do == "prepare" else answer

    log = []
    benchmark = dataclasses.replace(COMPARISON, contenders=CONTENDERS[:1])
    (fast,) = measure(benchmark, {"tensorflow": Compiles(log)}, Budget(2, 100.0, 2, shortest))

    assert [entry[2] for entry in log if entry[0] == "time"] == turns
    assert fast.seconds == (0.1, 0.1)


@pytest.mark.parametrize(
    ("changes", "seconds", "least_rounds", "rounds"),
    [
        ({}, 3.0, 2, [6, 2]),
        ({}, 3.0, 1, [6, 1]),
        ({}, 3.0, 3, [6, 3]),
        ({"least_rounds": 1}, 3.0, 3, [6, 1]),
        # With 8 calls a turn, the budget of 10 s is multiplied by 8 / 2. `slow` has used up these 40 s after
        # two turns of 8 x 4 s; `fast` has all six turns of 8 x 0.1 s.
        ({"calls": 8}, 10.0, 2, [6, 2]),
    ],
)
def test_a_slow_contender_stops_after_its_budget_and_least_rounds(changes, seconds, least_rounds, rounds):
    log = []
    benchmark = dataclasses.replace(COMPARISON, **changes)

    rows = measure(benchmark, workers(log), Budget(6, seconds, least_rounds, shortest=0.1))

    assert [len(row.seconds) for row in rows] == rounds
    assert {entry[2] for entry in log if entry[0] == "time"} == {benchmark.calls}


def test_a_much_slower_rival_is_timed_once_in_the_process_with_the_other_allocator():
    rivals = [dataclasses.replace(contender, rival="any") for contender in CONTENDERS]
    rivals[1] = dataclasses.replace(rivals[1], other_allocator=True)
    logs = {name: [] for name in ("tensorflow", "pytorch", OTHER_ALLOCATOR)}
    there = {name: FakeWorker(log) for name, log in logs.items()}

    benchmark = dataclasses.replace(COMPARISON, contenders=tuple(rivals))
    fast, slow = measure(benchmark, there, Budget(3, 100.0, least_rounds=3, shortest=0.1))

    assert (len(fast.seconds), len(slow.seconds)) == (3, 1)
    assert [entry[0] for entry in logs[OTHER_ALLOCATOR]] == ["prepare", "time", "drop"]
    assert not logs["pytorch"]


def test_a_slower_rival_is_timed_again_after_the_fastest_has_failed():
    class FailsInRound2(FakeWorker):
        def ask(self, do, **arguments):
            if any(entry[0] == "time" for entry in self.log):
                self.fails = [("time", "fast")]
            return super().ask(do, **arguments)

    rivals = tuple(dataclasses.replace(contender, rival="any") for contender in CONTENDERS)
    there = {"tensorflow": FailsInRound2([]), "pytorch": FakeWorker([])}

    benchmark = dataclasses.replace(COMPARISON, contenders=rivals)
    fast, slow = measure(benchmark, there, Budget(4, 100.0, least_rounds=3, shortest=0.1))

    assert not fast.measured
    # The slower rival is skipped only in the second round, in which its turn comes before the failure.
    assert len(slow.seconds) == 3


@pytest.mark.parametrize(
    ("held", "seconds", "note"),
    [(2.0, 0.4, "2 threads"), (0.0, None, "py-spy saw no thread that reads images hold the GIL")],
)
def test_the_seconds_with_the_lock_are_those_of_a_call(monkeypatch, held, seconds, note):
    class Spied(FakeWorker):
        pid, python = 1, "python"

    monkeypatch.setattr(turns, "seconds_held", lambda pid, python, work: held)
    benchmark = dataclasses.replace(COMPARISON, contenders=(dataclasses.replace(CONTENDERS[0], lock=True),))
    there = {side: Spied([]) for side in ("tensorflow", "pytorch")}

    (row,) = measure(benchmark, there, Budget(1, 100.0, least_rounds=1, shortest=0.5))

    # A turn has five calls of .1 s.
    assert (row.lock_seconds, row.note) == (seconds, note)


@pytest.mark.parametrize("step", ["prepare", "time"])
def test_a_failure_gives_a_row_with_the_reason(step):
    fast, slow = measure(COMPARISON, workers([], fails=[(step, "slow")]), Budget(2, 9.0, 2, 0.1))

    assert slow.message == f"cannot {step}"
    assert not slow.measured
    assert len(fast.seconds) == 2


@pytest.mark.parametrize("step", ["prepare", "time", "peak"])
def test_each_contender_that_is_measured_alone_has_a_new_process(step):
    log = []
    failing = (step, "" if step == "peak" else "slow")

    fast, slow = measure_alone(COMPARISON, workers(log, fails=[failing]), calls=2)

    assert slow.message == f"cannot {step}"
    if step != "peak":
        assert (fast.seconds, fast.peak_mebibytes) == ((0.1, 0.1), 100)
        assert [entry[0] for entry in log][:6] == ["stop", "prepare", "time", "time", "peak", "stop"]
    assert [entry[0] for entry in log].count("stop") == 4
