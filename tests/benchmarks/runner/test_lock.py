import os
import time

import pytest

from benchmarks.runner.lock import LockError, seconds_held

# A stand-in for py-spy that writes its stacks when it is interrupted.
SPY = """#!/bin/sh
trap 'printf "FuncRegistry.__call__ (f.py:1);read (a b.py:2) 7\\nmain (c.py:3) 9\\n" > "$stacks"; exit' INT
while [ "$1" != --output ]; do shift; done
stacks=$2
while :; do sleep .05; done
"""


def install(folder, text):
    spy = folder / "py-spy"
    spy.write_text(text)
    spy.chmod(0o755)
    return str(folder / "python")


def test_only_samples_of_readers_count(tmp_path):
    # `SPY` reports 7 samples of a thread that reads images, and 9 of the main thread, which do not count. At
    # 100 samples a second, 7 samples are .07 s.
    assert seconds_held(1, install(tmp_path, SPY), lambda: time.sleep(0.2)) == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("#!/bin/sh\necho Permission denied >&2\n", "Permission denied"), (None, "No such file")],
)
def test_the_error_of_a_sampler_that_cannot_run_gives_the_reason(tmp_path, text, reason):
    python = install(tmp_path, text) if text else str(tmp_path / "python")

    with pytest.raises(LockError, match=f"py-spy: {reason}"):
        seconds_held(1, python, lambda: None)


def test_a_sampler_that_does_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.runner.lock.SECONDS_TO_END", 0.5)
    # `exec` replaces the shell by `sleep`; otherwise a child of the killed shell would keep the pipe open.
    deaf = install(tmp_path, f"#!/bin/sh\ntrap '' INT\necho $$ > {tmp_path}/pid\nexec sleep 60\n")

    with pytest.raises(LockError, match="still running"):
        seconds_held(1, deaf, lambda: None)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
