import socket

import pytest

from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.cluster import Cluster
from alexnet_tf.training.compared import compared_values
from alexnet_tf.training.workers import MEETING_SECONDS, Workers, current_workers
from tests.worker_processes import Ended, free_addresses, start_workers, wait_for, wait_for_end

# A worker that starts quickly because it does not train. Its arguments are the seconds to wait for the other
# workers, and code that uses `workers`.
PROGRAM = """
import argparse, sys, time
from pathlib import Path
from alexnet_tf.runtime.commandline import run_command
from alexnet_tf.training import workers as module
from alexnet_tf.training.cluster import find_cluster

module.MEETING_SECONDS = float(sys.argv[1])

def command(options):
    workers = module.meet(find_cluster())
    print("met", flush=True)
    exec(sys.argv[2])
    workers.leave()
    return 0

sys.exit(run_command(argparse.Namespace(command=command)))
"""


def start(codes, folder, meeting=20.0):
    commands = [None if code is None else ["-c", PROGRAM, str(meeting), code] for code in codes]
    return start_workers(commands, folder)


def run(codes, folder, meeting=20.0) -> list[Ended]:
    return wait_for_end(start(codes, folder, meeting), seconds=40)


def lines_of_status_2(ended: list[Ended]) -> set[str]:
    assert [each.status for each in ended] == [2] * len(ended)
    assert all(len(each.errors) == 1 for each in ended)
    return {each.errors[0] for each in ended}


def test_a_single_process_does_not_wait(tmp_path):
    workers = current_workers()
    workers.compare({"a": 1})
    workers.check_shared(tmp_path / "none", "--out")
    workers.leave()
    workers.wait_for_reason()
    assert not workers.is_broken


def test_equal_workers_continue(tmp_path):
    code = f"workers.compare(dict(a=1)); workers.check_shared(Path({str(tmp_path)!r}), '--out'); print('on')"
    ended = run([code] * 2, tmp_path / "logs")

    assert [(each.status, each.output, each.errors) for each in ended] == [(0, ["met", "on"], [])] * 2
    assert not list(tmp_path.glob(".shared*"))


def test_a_different_value_is_named_by_all_workers(tmp_path):
    same, other = "workers.compare(dict(a=1, b=2))", "workers.compare(dict(a=1, b=3))"
    (line,) = lines_of_status_2(run([same, same, other], tmp_path))
    assert "worker 2 (127.0.0.1:" in line
    assert "b: expected 2, as on the chief; received 3" in line


def test_a_worker_that_does_not_connect_is_named(tmp_path):
    (line,) = lines_of_status_2(run(["", "", None], tmp_path, meeting=3.0))
    assert "expected 3 workers within 3 s; missing: worker 2 (127.0.0.1:" in line
    assert MEETING_SECONDS == 60


def test_a_chief_that_does_not_start_is_named(tmp_path):
    (line,) = lines_of_status_2(run([None, ""], tmp_path, meeting=2.0))
    assert "expected the chief, worker 0 (127.0.0.1:" in line
    assert "received: Connection refused" in line


def test_a_chief_with_an_invalid_host_name_is_named(monkeypatch):
    monkeypatch.setattr("alexnet_tf.training.workers.MEETING_SECONDS", 0.3)
    cluster = Cluster(("worker 0", "worker 1"), ("a..b:1", *free_addresses(1)), rank=1)
    with pytest.raises(InputError, match=r"expected the chief, worker 0 \(a..b:1\), .*label"):
        Workers(cluster)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 2])
def test_the_death_of_a_worker_ends_the_others(tmp_path, victim):
    # The second worker waits in `compare`; the others are busy, as in an operation of TensorFlow.
    busy = "time.sleep(60)"
    processes = start([busy, "workers.compare({})", busy], tmp_path)
    for index in range(3):
        wait_for(tmp_path / f"{index}.out", "met", processes)
    processes[victim].kill()
    ended = wait_for_end(processes, seconds=30)
    del ended[victim]

    (line,) = lines_of_status_2(ended)
    assert f"worker {victim} (127.0.0.1:" in line
    assert "has ended" in line
    assert max(each.seconds for each in ended) < 15


@pytest.mark.slow
def test_an_interrupted_worker_keeps_its_own_exit_status(tmp_path):
    stop = "workers.interrupt('interrupted by SIGTERM'); time.sleep(1); raise KeyboardInterrupt"
    ended = run([stop, "time.sleep(60)"], tmp_path)

    assert [each.status for each in ended] == [130, 2]
    assert "worker 0 (127.0.0.1:" in ended[1].errors[0]
    assert "interrupted by SIGTERM" in ended[1].errors[0]


def test_a_finished_worker_may_end_before_the_others(tmp_path):
    assert [each.status for each in run(["time.sleep(1)", ""], tmp_path)] == [0, 0]


def test_a_worker_that_ends_before_a_comparison_is_named(tmp_path):
    ended = run(["time.sleep(1); workers.compare({})", "", "workers.compare({})"], tmp_path)
    assert ended[1].status == 0
    (line,) = lines_of_status_2([ended[0], ended[2]])
    assert "worker 1 (127.0.0.1:" in line


@pytest.mark.slow
def test_a_folder_that_is_not_shared_is_named(tmp_path):
    codes = []
    for name in ("shared", "shared", "other"):
        (tmp_path / name).mkdir(exist_ok=True)
        codes.append(f"workers.check_shared(Path({str(tmp_path / name)!r}), '--out')")
    (line,) = lines_of_status_2(run(codes, tmp_path / "logs"))

    assert "worker 2 (127.0.0.1:" in line
    assert "--out: expected one folder for all workers" in line
    assert f"received another folder, {tmp_path}" in line
    assert not [*(tmp_path / "shared").iterdir(), *(tmp_path / "other").iterdir()]


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        for rank in (0, 1):
            with pytest.raises(ValueError, match=f"{address}.*: expected a free port"):
                Workers(Cluster(("worker 0", "worker 1"), (address, address), rank))


# Opens 15 connections to the chief before the worker does, as other programs may: seven of them send invalid
# greetings, and one is closed.
STRANGERS = """
import contextlib, json, os, socket
host, port = json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"][0].split(":")
strangers = []
while len(strangers) < 15:
    with contextlib.suppress(OSError):
        strangers.append(socket.create_connection((host, int(port))))
greetings = (b'{"greeting": "alexnet', b"\\xff" * 99, b'{"rank": 1}\\n', b'{"greeting": 1}\\n')
for stranger, text in zip(strangers, (*greetings, b"GET /\\r\\n\\r\\n", b"[" * 5000, b"[" * 5000 + b"\\n")):
    stranger.sendall(text)
strangers[-1].close()
"""


def test_other_programs_at_the_port_of_the_chief_do_not_delay_workers(tmp_path):
    commands = [["-c", program, "20", ""] for program in (PROGRAM, STRANGERS + PROGRAM)]
    ended = wait_for_end(start_workers(commands, tmp_path), seconds=40)

    assert [(each.status, each.output, each.errors) for each in ended] == [(0, ["met"], [])] * 2
    assert max(each.seconds for each in ended) < 15


def test_the_compared_values_are_the_fields_and_the_fingerprint():
    values = compared_values(Config().replace(momentum=0.8, dataset="folder:/x"), "f")

    assert (values["momentum"], values["data fingerprint"]) == (0.8, "f")
    assert "dataset" not in values
    assert len(values["config hash"]) == 64
