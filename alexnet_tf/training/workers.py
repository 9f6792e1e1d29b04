"""Connections between the workers of a cluster, which compare their settings and end together.

A closed connection shows that a worker has ended, even while the others wait in a TensorFlow operation.
"""

import atexit
import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from alexnet_tf.runtime import startup
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import temporary_path
from alexnet_tf.training.cluster import Cluster
from alexnet_tf.training.link import Link

MEETING_SECONDS = 60.0
# Time that a process has to exit by itself after another worker has ended.
ENDING_SECONDS = 6.0
GREETING = "alexnet_tf"


class Workers:
    """The connections of this process: to all other workers if it is the chief, otherwise to the chief.

    Without `cluster` this process trains alone, and all methods return at once.

    Raises:
        InputError: if the port is in use, or a worker does not connect in time or belongs to another cluster.
    """

    def __init__(self, cluster: Cluster | None = None):
        self._cluster = cluster or Cluster(("worker 0",), ("",), 0)
        self._is_chief = self._cluster.rank == 0
        self._links: dict[int, Link] = {}
        self._lock = threading.Lock()
        self._is_meeting, self._has_left, self._is_told, self._why_ended = True, False, False, ""
        if cluster:
            self._gather() if self._is_chief else self._join()
            atexit.register(self._exit)
            self._is_meeting = False
            # Returns on each worker when all have connected.
            self.compare({})

    def compare(self, values: Mapping[str, Any]) -> None:
        """Waits for all workers; raises an InputError on all if the values of one differ from the chief's."""
        texts = {name: str(value) for name, value in values.items()}
        if not self._is_chief:
            self._links[0].send(values=texts)
            self._receive(self._links[0])
            return
        for link in self._links.values():
            theirs = self._receive(link)["values"]
            for name in [*texts, *theirs]:
                expected, received = texts.get(name, "none"), theirs.get(name, "none")
                if expected != received:
                    worker = self._cluster.name(link.rank)
                    self._fail(f"{worker}: {name}: expected {expected}, as on the chief; received {received}")
        for link in self._links.values():
            link.send(equal=True)

    def check_shared(self, folder: Path, what: str) -> None:
        """Raises an InputError on all workers if one does not see the same folder as the chief.

        Args:
            what: name of the folder in the error message.
        """
        if not self._links:
            return
        name = temporary_path(folder / "shared").name
        if self._is_chief:
            (folder / name).touch()
        try:
            name = self.from_chief(name)
            # A network file system may show a new file only after a few seconds.
            deadline = time.monotonic() + 5
            while not (is_seen := (folder / name).exists()) and time.monotonic() < deadline:
                time.sleep(0.2)
            self.compare({what: "one folder for all workers" if is_seen else f"another folder, {folder}"})
        finally:
            if self._is_chief:
                (folder / name).unlink(missing_ok=True)

    def leave(self) -> None:
        """Announces to the other workers that this process has done its work, so its exit is no failure."""
        self._has_left = True
        for link in self._links.values():
            link.send(left=True)

    def interrupt(self, reason: str) -> None:
        """Makes the other workers end.

        A signal often reaches all workers at once, so a worker other than the chief first waits up to 3 s for
        the chief to leave or to end the workers itself.
        """
        self._has_left = True
        deadline = time.monotonic() + ENDING_SECONDS / 2
        while not self._is_chief and self._links[0].is_awaited and time.monotonic() < deadline:
            time.sleep(0.05)
        for link in self._links.values():
            link.send(end=f"{self._cluster.name(self._cluster.rank)}: {reason}, so all workers end")

    @property
    def is_broken(self) -> bool:
        """Whether all workers end because one has failed or has ended before the others."""
        return bool(self._why_ended)

    def wait_for_reason(self) -> None:
        """Raises an InputError if a worker's end, noticed within 3 s, explains the exception just caught."""
        deadline = time.monotonic() + ENDING_SECONDS / 2
        while self._links and not self._why_ended and time.monotonic() < deadline:
            time.sleep(0.05)
        if self._why_ended:
            self._fail(self._why_ended)

    def _gather(self) -> None:
        """Waits until all workers have connected at the chief's address, still unused by TensorFlow."""
        tasks = range(1, len(self._cluster.tasks))
        deadline = time.monotonic() + MEETING_SECONDS
        with self._cluster.listen() as server:
            server.settimeout(0.1)
            while missing := [self._cluster.name(rank) for rank in tasks if not self._is_here(rank)]:
                # Each connection is greeted in a thread of its own, so that a program that connects but sends
                # nothing delays no worker. `accept` raises an OSError if nobody connects in time, or if too
                # many files are open.
                with contextlib.suppress(OSError):
                    threading.Thread(target=self._greet, args=server.accept(), daemon=True).start()
                if self._why_ended:
                    self._fail(self._why_ended)
                if time.monotonic() > deadline:
                    expected = f"{len(self._cluster.tasks)} workers within {MEETING_SECONDS:g} s"
                    self._fail(f"expected {expected}; missing: {', '.join(missing)}")

    def _join(self) -> None:
        self._cluster.listen().close()
        own, problem = self._cluster.rank, "no answer"
        deadline = time.monotonic() + MEETING_SECONDS
        while (seconds := min(deadline - time.monotonic(), 5.0)) > 0:
            try:
                link = Link(socket.create_connection(self._cluster.place(0), seconds))
                link.send(greeting=GREETING, rank=own, addresses=self._cluster.addresses)
                if (link.receive(seconds) or {}).get("greeting") == GREETING:
                    self._links[0] = link
                    threading.Thread(target=self._listen, args=(link,), daemon=True).start()
                    return
                problem = "another program answers there"
                link.close()
            except (OSError, UnicodeError) as error:  # UnicodeError: an invalid host name
                problem = getattr(error, "strerror", None) or str(error)
            time.sleep(0.2)
        raise InputError(
            f"expected the chief, {self._cluster.name(0)}, within {MEETING_SECONDS:g} s; received: {problem}"
        )

    def _is_here(self, rank: int) -> bool:
        return rank in self._links and self._links[rank].is_open

    def _greet(self, connection: socket.socket, origin: tuple[Any, ...]) -> None:
        link = Link(connection)
        hello = link.receive(timeout=2.0) or {}
        rank, addresses, expected = hello.get("rank"), hello.get("addresses"), list(self._cluster.addresses)
        if hello.get("greeting") != GREETING or not isinstance(rank, int):
            link.close()  # another program, such as a port scanner
            return
        link.rank, problem = rank, ""
        link.send(greeting=GREETING)
        with self._lock:
            if addresses != expected:
                problem = f"cluster: expected {expected}, as on the chief; received {addresses}"
            elif self._is_here(rank) or not 0 < rank < len(expected):
                problem = "expected one process for each task; received another"
            else:
                self._links[rank] = link
        if problem:
            line = f"worker of rank {rank} from {origin[0]}: {problem}"
            link.send(end=line)
            self._end(line)
        else:
            self._listen(link)

    def _listen(self, link: Link) -> None:
        while message := link.receive():
            link.has_left |= "left" in message
            link.is_awaited = not {"left", "end"} & {*message}
            link.inbox.put(message)
            if "end" in message:
                self._end(message["end"])
        link.is_open = link.is_awaited = False
        link.inbox.put(None)
        if not (link.has_left or self._has_left or (self._is_chief and self._is_meeting)):
            self._end(self._gone(link))

    def _receive(self, link: Link) -> dict[str, Any]:
        message = link.inbox.get()
        if message is None or "end" in message or "left" in message:
            self._fail(self._why_ended or (message or {}).get("end") or self._gone(link))
        return message

    def from_chief(self, text: str) -> str:
        """Returns on every worker the `text` that the chief passes."""
        if not self._is_chief:
            return self._receive(self._links[0])["text"]
        for link in self._links.values():
            link.send(text=text)
        return text

    def _gone(self, link: Link) -> str:
        return (
            f"{self._cluster.name(link.rank)} has ended before the others, so all workers end; the same "
            "command on every worker resumes from the last checkpoint"
        )

    def _tell(self, line: str) -> None:
        with self._lock:
            self._why_ended = self._why_ended or line
        for link in list(self._links.values()) if self._is_chief else []:
            link.send(end=self._why_ended)

    def _fail(self, line: str) -> NoReturn:
        self._is_told = True
        self._tell(line)
        raise InputError(line)

    def _end(self, line: str) -> None:
        """Ends this process, even if the main thread waits in TensorFlow."""
        if self._why_ended or self._has_left:
            return
        self._tell(line)
        if "tensorflow" in sys.modules:
            from tensorflow.python.eager import context

            # Raises an exception in the main thread, earlier than TensorFlow's own check would.
            with contextlib.suppress(Exception):
                context.context().abort_collective_ops(14, line)
        time.sleep(ENDING_SECONDS)
        self._exit()

    def _exit(self) -> None:
        """If a worker has ended, exits without TensorFlow's clean-up, which would wait for that worker."""
        if not self._why_ended or self._has_left:
            return
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        if not self._is_told:
            os.write(startup.shown_stderr, f"error: {self._why_ended}\n".encode())
        os._exit(2)


_current = Workers()


def current_workers() -> Workers:
    """The workers with which this process trains."""
    return _current


def meet(cluster: Cluster) -> Workers:
    """Waits until all workers have connected; `current_workers()` then returns them."""
    global _current
    _current = Workers(cluster)
    return _current


@contextlib.contextmanager
def ending_together() -> Iterator[None]:
    """Raises an `InputError` instead of an exception that the end of another worker has caused."""
    try:
        yield
    except InputError:
        raise
    except Exception:
        current_workers().wait_for_reason()
        raise
