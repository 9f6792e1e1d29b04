"""The benchmark's command line: bad input is one line and status 2."""

import pytest

import benchmarks.run
from benchmarks.__main__ import main
from benchmarks.machine import machine_kind, read_machine
from benchmarks.plan import Comparison, Contender
from benchmarks.rows import read_rows
from tests.command_errors import one_line_of_status_2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--items", ","], ["--items", "','"]),
        (["run", "--items", "speed"], ["--items", "speed", "alexnet_step"]),
        (["run", "--items", "inference", "--results-dir", "file/below"], ["--results-dir", "file/below"]),
        (["growth", "--results-dir", "file/below"], ["--results-dir", "file/below"]),
        (["scaling", "--results-dir", "nowhere"], ["alexnet_step.csv", "nowhere"]),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_status_2(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")

    line = one_line_of_status_2(main, arguments, capsys)

    for word in words:
        assert word in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def fake_side(monkeypatch):
    """Both sides are `tests.benchmarks.fake_side`, and there are two photographs."""
    worker = benchmarks.run.Worker
    monkeypatch.setattr(
        benchmarks.run, "Worker", lambda python, package: worker(python, "tests.benchmarks.fake_side")
    )
    monkeypatch.setattr(benchmarks.run, "PHOTOGRAPHS", {True: 2, False: 2})


@pytest.mark.usefixtures("fake_side")
def test_bfloat16_is_not_measured_where_the_processor_has_none(tmp_path, monkeypatch):
    def one(place):
        for case in ("batch 1, float32", "batch 1, mixed_bfloat16"):
            contender = Contender("good", "tensorflow", "work.good", {"amount": 1})
            yield Comparison("one", case, "images", (contender,))

    monkeypatch.setattr(benchmarks.run, "ITEMS", {"one": one})
    monkeypatch.setattr(benchmarks.run, "has_bfloat16", lambda: False)

    benchmarks.run.run_benchmark(tmp_path, "/no/python", quick=True)

    in_float32, in_bfloat16 = read_rows(tmp_path / machine_kind() / "one.csv")
    assert in_float32.seconds
    assert not in_bfloat16.seconds
    assert "does not compute in bfloat16" in in_bfloat16.message


@pytest.mark.usefixtures("fake_side")
def test_an_item_measured_apart_leaves_the_description_of_the_whole_run(tmp_path, monkeypatch):
    def one(place):
        yield Comparison(
            "one", "case", "images", (Contender("good", "tensorflow", "work.good", {"amount": 1}),)
        )

    monkeypatch.setattr(benchmarks.run, "ITEMS", {"one": one})

    benchmarks.run.run_benchmark(tmp_path, "/no/python", quick=True)
    path = tmp_path / machine_kind() / "machine.csv"
    whole = read_machine(path)
    benchmarks.run.run_benchmark(tmp_path, "/no/python", ["one"])

    assert float(whole["minutes"]) < 5
    again = read_machine(path)
    assert again.pop("apart_one").startswith("20")
    assert again == whole
