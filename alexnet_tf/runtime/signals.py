"""Delays signals until the state of a run is consistent."""

import contextlib
import signal
import threading
from collections.abc import Iterator

# Windows has no SIGHUP.
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Calls the handlers of Ctrl-C, SIGTERM and SIGHUP after the `with` block instead of within it.

    Only the handler of the first signal is called, and none if the block raises an exception. In threads
    other than the main one nothing is done, because Python calls no handlers there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in ENDING}
    held: list[int] = []
    changed = [number for number, handler in handlers.items() if callable(handler)]
    for number in changed:
        signal.signal(number, lambda received, frame: held.append(received))
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, handlers[number])
    for number in held[:1]:
        handler = handlers[number]
        assert callable(handler)
        handler(number, None)
