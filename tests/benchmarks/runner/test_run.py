import re

import pytest

from alexnet_tf.runtime.errors import InputError
from benchmarks.__main__ import main
from benchmarks.plan import PLAN, Benchmark, Contender
from benchmarks.report.tables import conditions
from benchmarks.rows import read_rows
from benchmarks.runner import run
from benchmarks.runner.machine import machine_kind, read_machine, write_machine
from benchmarks.runner.worker import Worker


@pytest.fixture(autouse=True)
def fake_side(monkeypatch):
    def fake(python, _, **more):
        return Worker(python, "tests.benchmarks.fake_side", **more)

    monkeypatch.setattr(run, "Worker", fake)
    for name in ("PHOTOGRAPHS", "QUICK_PHOTOGRAPHS", "THUMBNAILS", "QUICK_THUMBNAILS"):
        monkeypatch.setattr(run, name, 2)


def good(item):
    contender = Contender("good", "tensorflow", "work.good", {"amount": 1})
    return lambda place: iter([Benchmark(item, "case", "images", (contender,))])


def interrupted(_):
    raise KeyboardInterrupt


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """Path and content of machine.csv after a quick run; later runs have another commit and TensorFlow."""
    monkeypatch.setattr(run, "ITEMS", {"one": good("one"), "two": good("two")})
    run.run_benchmark(tmp_path, "/no/python", quick=True)
    path = tmp_path / machine_kind() / "machine.csv"
    about = read_machine(path)
    assert about["run"] == "quick"
    assert float(about["minutes"]) < 5
    assert not any(name.startswith("apart") for name in about)
    describe = run.describe_machine
    since = {"tensorflow_git_commit": "abc", "tensorflow_version": "1.3"}
    monkeypatch.setattr(run, "describe_machine", lambda *given: {**describe(*given), **since})
    return path, about


def test_an_item_measured_separately_has_its_own_description(tmp_path, whole):
    path, before = whole

    run.run_benchmark(tmp_path, "/no/python", ["one"])

    now = read_machine(path)
    description = now.pop("apart_one")
    expected = r"20\d\d-\d\d-\d\dT[\d:]+Z, load [\d.]+, commit abc, full run, tensorflow_version 1.3"
    assert re.fullmatch(expected, description)
    assert now == before
    assert description in conditions(read_machine(path))


def test_an_interrupted_run_describes_only_the_items_that_it_measured(tmp_path, whole, monkeypatch):
    path, before = whole
    monkeypatch.setattr(run, "ITEMS", {"one": good("one"), "two": interrupted})

    with pytest.raises(KeyboardInterrupt):
        run.run_benchmark(tmp_path, "/no/python")

    now = read_machine(path)
    assert "commit abc, full run" in now.pop("apart_one")
    assert now == before
    assert read_rows(path.parent / "two.csv")


@pytest.mark.parametrize("items", [(), ("two", "one")], ids=["no names", "all names"])
def test_a_run_of_all_items_describes_them_and_replaces_rows_of_an_earlier_plan(tmp_path, whole, items):
    path, _ = whole
    run.run_benchmark(tmp_path, "/no/python", ["one"])
    write_machine(path, read_machine(path) | {"plan": "1"})
    with pytest.raises(InputError, match="received rows of an earlier plan"):
        run.run_benchmark(tmp_path, "/no/python", ["one"])
    assert read_rows(path.parent / "two.csv")

    run.run_benchmark(tmp_path, "/no/python", items)

    now = read_machine(path)
    assert (now["run"], now["tensorflow_git_commit"], now["plan"]) == ("full", "abc", PLAN)
    assert not any(name.startswith("apart") for name in now)


def test_rows_of_an_earlier_plan_are_kept_until_there_is_something_to_measure(tmp_path, whole, monkeypatch):
    def full(*_):
        raise InputError("TMPDIR: no room")

    path, about = whole
    write_machine(path, about | {"plan": "1"})
    monkeypatch.setattr(run, "write_photographs", full)

    with pytest.raises(InputError, match="no room"):
        run.run_benchmark(tmp_path, "/no/python")
    assert read_rows(path.parent / "two.csv")
    assert read_machine(path)["plan"] == "1"


@pytest.mark.parametrize(("build", "status"), [("work.failing", 1), ("work.stock_failing", 0)])
def test_only_a_failed_required_contender_gives_status_1_and_all_rows_are_written(
    tmp_path, capsys, monkeypatch, build, status
):
    def item(place):
        failing = Contender("some", "tensorflow", build)
        good = Contender("good", "pytorch", "work.good", {"amount": 1})
        # Without bfloat16 in the processor, the second case is not measured; this is no failure.
        for case in ("batch 1, float32", "batch 1, mixed_bfloat16"):
            yield Benchmark("inference", case, "images", (failing, good))

    monkeypatch.setattr(run, "ITEMS", {"inference": item})
    monkeypatch.setattr(run, "has_bfloat16", lambda: False)

    assert main(["run", "--quick", "--results-dir", str(tmp_path)]) == status

    warnings = ["WARNING: inference, batch 1, float32, some: not measured: ValueError: no such kernel"]
    printed = capsys.readouterr()
    assert printed.err.splitlines() == warnings * status
    assert "table.md" in printed.out
    folder = tmp_path / machine_kind()
    assert "not measured: ValueError: no such kernel" in (folder / "table.md").read_text()
    _, in_float32, *in_bfloat16 = read_rows(folder / "inference.csv")
    assert in_float32.seconds
    assert all("does not compute in bfloat16" in row.message for row in in_bfloat16)
