"""A connection between two workers."""

import contextlib
import json
import queue
import socket
from typing import Any

# A peer that does not answer for 8 s counts as gone. Systems other than Linux may lack these options; there
# the loss of a machine is noticed later.
KEEPALIVE = {"TCP_KEEPIDLE": 2, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 8000}
LONGEST_LINE = 1 << 20


class Link:
    """A connection to the worker `rank`. Each message is one line of JSON.

    Attributes:
        inbox: received messages; None stands for a closed connection or for an invalid message.
        has_left: whether the worker has announced that its work is done; its end is then no failure.
        is_awaited: false once the worker has left, has asked the others to end, or is disconnected.
    """

    def __init__(self, connection: socket.socket, rank: int = 0):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self.rank = rank
        self.inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.is_open, self.has_left, self.is_awaited = True, False, True
        self._connection, self._file = connection, connection.makefile("rb")

    def send(self, **message: Any) -> None:
        # The thread that receives messages notices a closed connection.
        with contextlib.suppress(OSError):
            self._connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next message; None after an error or a timeout, or if the message is not a JSON object."""
        try:
            self._connection.settimeout(timeout)
            message = json.loads(self._file.readline(LONGEST_LINE))
        except (OSError, ValueError, RecursionError):
            return None
        return message if isinstance(message, dict) else None

    def close(self) -> None:
        self._file.close()
        self._connection.close()
