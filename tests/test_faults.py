import re
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest

from alexnet_tf.runtime.environment import git_commit
from tests.command_errors import one_line_of_status_2
from tests.faults import __main__ as faults
from tests.faults import odd_files, races
from tests.faults.trials import (
    AS_PROMISED,
    LOST,
    TRACEBACK,
    WRONG,
    Ended,
    Trial,
    families,
    in_parallel,
    run_family,
)

GOOD = {"PROMISE": "nothing is lost", "BEFORE": "9 of 9 lost", "TRIALS": 2, "__name__": "good"}


def two_trials(seed, count, folder):
    assert list(folder.iterdir()) == []
    ending = f"status 2: error: {folder}/out: no room"
    return in_parallel(lambda number: Trial(f"trial {number}", seed, AS_PROMISED, ending), count)


def breaks(seed, count, folder):
    yield Trial("first", seed, LOST, "a net | gone")
    raise ZeroDivisionError("in the trial's own code")


@pytest.mark.parametrize(
    ("trials", "status", "row"),
    [
        (two_trials, 0, "| good | nothing is lost | 2 | 2 | 0 | 0 | 0 | 7 | {commit} | 9 of 9 lost |"),
        (breaks, 1, "| good | nothing is lost | 2 | 0 | 1 | 0 | 1 | 7 | {commit} | 9 of 9 lost |"),
    ],
)
def test_outcomes_are_counted_and_written(tmp_path, monkeypatch, capsys, trials, status, row):
    monkeypatch.setattr(faults, "families", lambda: {"good": SimpleNamespace(trials=trials, **GOOD)})
    (tmp_path / "RELIABILITY.md").write_text("before\n<!-- faults -->\n<!-- /faults -->\nafter\n")

    assert faults.main(["--seed", "7", "--results-dir", str(tmp_path / "results")]) == status

    written = (tmp_path / "results" / "reliability" / "good.csv").read_text().splitlines()
    assert written[0] == "name,seed,outcome,detail,seconds,commit"
    assert len(written) == 3
    assert all(",7," in line for line in written[1:])
    assert not any(tempfile.gettempdir() in line for line in written)
    assert status or "error: scratch/out: no room" in written[1]
    assert row.format(commit=git_commit()) in (tmp_path / "RELIABILITY.md").read_text().splitlines()
    assert (TRACEBACK in written[2]) is bool(status)
    assert "good: 2 trials" in capsys.readouterr().out


def test_an_unknown_family_is_refused(capsys):
    error = one_line_of_status_2(faults.main, ["--only", "gremlins"], capsys)

    assert "--only: expected some of" in error
    assert "received gremlins" in error


HELD = "error: --out a: expected to be unused; received a lock of process 7 on b since c;"


@pytest.mark.parametrize(
    ("kind", "statuses", "line", "outcome"),
    [
        ("same table", (0, 2), HELD, AS_PROMISED),
        ("same table", (0, 0), "", LOST),  # the table has only one row
        ("same table", (0, 2), "error: no such table", WRONG),
        ("same table", (0, 2), f"error: one more\n{HELD}", WRONG),
        ("same table", (0, -11), HELD, TRACEBACK),
        ("same table", (2, 2), HELD, LOST),
        ("same export", (0, 0), "", LOST),
        ("same cache", (0, 2), HELD, LOST),
        ("while reading", (0, 2), f"{HELD} (after 9.0 s)", LOST),
    ],
)
def test_a_race_is_judged_by_messages_statuses_and_files(tmp_path, kind, statuses, line, outcome):
    (tmp_path / "scores.csv").write_text("views,nets\n1,1\n")
    ends = [Ended(status, "", line if status else "") for status in statuses]

    assert races.judged(kind, tmp_path, ends)[0] == outcome


def test_every_change_of_a_folder_succeeds_and_no_file_is_renamed_to_itself(tmp_path):
    # `a.json` is nested too deeply to be parsed. `put_among` may choose the name `x`, which is an odd file or
    # does not exist.
    for seed in range(300):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "a.json").write_bytes(b"[" * 20_000)
        (folder / "b.tfrecord-00000-of-00001").write_bytes(bytes(9))
        odd_files.make_odd(folder / "x", ("pipe", "socket", "folder", "loop", "gone")[seed % 5])
        change = odd_files.put_among(np.random.default_rng(seed), folder)
        assert not re.fullmatch(r"(.+): renamed, \1", change)


@pytest.mark.slow
@pytest.mark.parametrize("name", families())
def test_a_few_trials_end_as_promised(tmp_path, name):
    family = families()[name]
    found = list(run_family(family, 0, family.FEW, tmp_path))

    assert [trial for trial in found if trial.outcome != AS_PROMISED] == []
    assert len(found) == family.FEW
