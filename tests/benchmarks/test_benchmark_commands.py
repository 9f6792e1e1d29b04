"""The benchmark's command line: bad input is one line and status 2."""

import argparse
import re

import pytest

import benchmarks.report.write
import benchmarks.runner.run
from alexnet_tf.runtime.commandline import run_command
from benchmarks.__main__ import main
from benchmarks.plan import Comparison, Contender
from benchmarks.report.tables import conditions
from benchmarks.rows import COLUMNS, read_rows, write_rows
from benchmarks.runner.machine import machine_kind, read_machine, write_machine
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


HEADER = ",".join(COLUMNS)
GOOD = '"batch 32, float32",ours,tensorflow,images,64,0.5,400,,1,0.5,measured,'


def damaged(before, after, words):
    """A good row and one with a change, and what is said of it."""
    return (
        "alexnet_step.csv",
        f"{HEADER}\n{GOOD}\n{GOOD.replace(before, after)}\n",
        f"alexnet_step.csv:3: expected {words}",
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("machine.csv", "name,value\n", "machine.csv:1: expected property,value; received 'name,value'"),
        ("machine.csv", "property,value\nthreads\n", "machine.csv:2: expected 2 fields; received 1"),
        ("machine.csv", b"property,value\na,b\nc,\xff\n", "machine.csv:3: expected text in UTF-8"),
        ("machine.csv", None, "machine.csv: expected a readable file; received Is a directory"),
        ("alexnet_step.csv", "case\n", "alexnet_step.csv:1: expected case,contender,framework,"),
        ("alexnet_step.csv", "", "alexnet_step.csv:1: expected case,contender,framework,"),
        ("alexnet_step.csv", None, "alexnet_step.csv: expected a readable file; received Is a directory"),
        ("alexnet_step.csv", f'{HEADER}\n"batch', "alexnet_step.csv:2: expected a line of CSV; received"),
        damaged(",0.5,measured", ",,measured", "seconds in a row that is measured; received nothing"),
        damaged(",0.5,measured", ",0.5 0,measured", "seconds above 0 and finite; received '0'"),
        damaged(",0.5,measured", ",nan,measured", "seconds above 0 and finite; received 'nan'"),
        damaged(",0.5,measured", ",half,measured", "seconds above 0 and finite; received 'half'"),
        damaged(",64,", ",,", "rate in a row that is measured; received nothing"),
        damaged(",64,", ",-64,", "rate above 0 and finite; received '-64'"),
        damaged(",64,", ",inf,", "rate above 0 and finite; received 'inf'"),
        damaged("measured,", "done,", "status measured or not measured; received 'done'"),
        damaged("measured,", "not measured,", "message in a row that is not measured; received nothing"),
        (
            "memory.csv",
            f"{HEADER}\n{GOOD}\n",
            "memory.csv:2: expected peak_mebibytes in a row that is measured; received nothing",
        ),
    ],
)
def test_damaged_files_are_bad_input(tmp_path, capsys, name, content, words):
    folder = tmp_path / machine_kind()
    folder.mkdir()
    write_machine(folder / "machine.csv", {"run": "full"})
    write_rows(folder / "alexnet_step.csv", [])
    (folder / name).unlink(missing_ok=True)
    if content is None:
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    commands = [["report"]]
    if name == "machine.csv":
        commands.append(["run", "--items", "machine_limits"])
    if name == "alexnet_step.csv":
        commands.append(["scaling", "--out", str(tmp_path / "scaling")])

    for command in commands:
        assert words in one_line_of_status_2(main, [*command, "--results-dir", str(tmp_path)], capsys)


@pytest.fixture
def fake_side(monkeypatch):
    """Both sides are `tests.benchmarks.fake_side`, and there are two photographs."""
    worker = benchmarks.runner.run.Worker
    monkeypatch.setattr(
        benchmarks.runner.run, "Worker", lambda python, package: worker(python, "tests.benchmarks.fake_side")
    )
    monkeypatch.setattr(benchmarks.runner.run, "PHOTOGRAPHS", {True: 2, False: 2})


@pytest.mark.usefixtures("fake_side")
def test_bfloat16_is_not_measured_where_the_processor_has_none(tmp_path, monkeypatch):
    def one(place):
        for case in ("batch 1, float32", "batch 1, mixed_bfloat16"):
            contender = Contender("good", "tensorflow", "work.good", {"amount": 1})
            yield Comparison("one", case, "images", (contender,))

    monkeypatch.setattr(benchmarks.runner.run, "ITEMS", {"one": one})
    monkeypatch.setattr(benchmarks.runner.run, "has_bfloat16", lambda: False)

    benchmarks.runner.run.run_benchmark(tmp_path, "/no/python", quick=True)

    in_float32, in_bfloat16 = read_rows(tmp_path / machine_kind() / "one.csv")
    assert in_float32.seconds
    assert not in_bfloat16.seconds
    assert "does not compute in bfloat16" in in_bfloat16.message


def good(item):
    contender = Contender("good", "tensorflow", "work.good", {"amount": 1})
    return lambda place: iter([Comparison(item, "case", "images", (contender,))])


def interrupted(_):
    raise KeyboardInterrupt


@pytest.fixture
def whole(tmp_path, fake_side, monkeypatch):
    """machine.csv after a quick run of two items, and what it says; the commit has changed since."""
    monkeypatch.setattr(benchmarks.runner.run, "ITEMS", {"one": good("one"), "two": good("two")})
    benchmarks.runner.run.run_benchmark(tmp_path, "/no/python", quick=True)
    path = tmp_path / machine_kind() / "machine.csv"
    about = read_machine(path)
    assert about["run"] == "quick"
    assert float(about["minutes"]) < 5
    assert not any(name.startswith("apart") for name in about)
    describe = benchmarks.runner.run.describe_machine
    since = {"tensorflow_git_commit": "abc", "tensorflow_version": "1.3"}
    monkeypatch.setattr(
        benchmarks.runner.run, "describe_machine", lambda *given: {**describe(*given), **since}
    )
    return path, about


def test_an_item_measured_apart_has_a_description_of_its_own(tmp_path, whole):
    path, before = whole

    benchmarks.runner.run.run_benchmark(tmp_path, "/no/python", ["one"])

    now = read_machine(path)
    apart = now.pop("apart_one")
    told = r"20\d\d-\d\d-\d\dT[\d:]+Z, load [\d.]+, commit abc, full run, tensorflow_version 1.3"
    assert re.fullmatch(told, apart)
    assert now == before
    assert f" Measured apart: one, {apart}." in conditions({}, read_machine(path))


def test_an_interrupted_run_describes_the_items_that_it_measured_and_no_others(tmp_path, whole, monkeypatch):
    path, before = whole
    monkeypatch.setattr(benchmarks.runner.run, "ITEMS", {"one": good("one"), "two": interrupted})

    with pytest.raises(KeyboardInterrupt):
        benchmarks.runner.run.run_benchmark(tmp_path, "/no/python")

    now = read_machine(path)
    assert "commit abc, full run" in now.pop("apart_one")
    assert now == before
    assert read_rows(path.parent / "two.csv")


def test_what_comes_after_an_interruption(capsys, monkeypatch):
    monkeypatch.setattr(benchmarks.report.write, "write_all", interrupted)

    assert main(["report"]) == 130
    assert capsys.readouterr().err == "interrupted; the same command starts anew\n"
    assert run_command(argparse.Namespace(command=interrupted)) == 130
    assert "the same command goes on from the last finished epoch, if it trains" in capsys.readouterr().err


def test_a_run_that_ends_describes_all(tmp_path, whole):
    path, _ = whole
    benchmarks.runner.run.run_benchmark(tmp_path, "/no/python", ["one"])

    benchmarks.runner.run.run_benchmark(tmp_path, "/no/python")

    now = read_machine(path)
    assert (now["run"], now["tensorflow_git_commit"]) == ("full", "abc")
    assert not any(name.startswith("apart") for name in now)


@pytest.mark.usefixtures("fake_side")
@pytest.mark.parametrize("build", ["work.failing", "work.stock_failing"])
def test_a_contender_of_ours_that_fails_is_loud_after_all_is_written(tmp_path, capsys, monkeypatch, build):
    def item(place):
        failing = Contender("some", "tensorflow", build)
        good = Contender("good", "pytorch", "work.good", {"amount": 1})
        yield Comparison("inference", "batch 1, float32", "images", (failing, good))
        # What the processor cannot do is no failure.
        yield Comparison("inference", "batch 1, mixed_bfloat16", "images", (failing, good))

    monkeypatch.setattr(benchmarks.runner.run, "ITEMS", {"inference": item})
    monkeypatch.setattr(benchmarks.runner.run, "has_bfloat16", lambda: False)

    status = main(["run", "--quick", "--results-dir", str(tmp_path)])

    said = capsys.readouterr()
    if build == "work.failing":
        warning = "WARNING: inference, batch 1, float32, some: not measured: ValueError: no such kernel\n"
        assert (status, said.err) == (1, warning)
    else:
        assert (status, said.err) == (0, "")
    assert "not measured: ValueError: no such kernel" in (tmp_path / machine_kind() / "table.md").read_text()
    assert "table.md" in said.out
