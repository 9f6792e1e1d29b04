"""The errors that the command lines handle."""

import signal


class InputError(ValueError):
    """Invalid input; the message says in one line what was expected and what was received.

    The command line reports it without a traceback and exits with status 2.
    """


class Interruption(KeyboardInterrupt):
    """A request to end the process, by Ctrl-C, SIGTERM or SIGHUP.

    Attributes:
        number: number of the signal.
    """

    def __init__(self, number: int = signal.SIGINT, message: str = ""):
        super().__init__(message or f"interrupted by {signal.Signals(number).name}")
        self.number = number
