"""The errors that the command lines handle."""

import signal


class InputError(ValueError):
    """Bad input; the message is one line that says what was expected and what was received.

    The command line turns it into exit status 2, without a traceback.
    """


class Interruption(KeyboardInterrupt):
    """The process was asked to end, by Ctrl-C, SIGTERM or SIGHUP.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int = signal.SIGINT, message: str = ""):
        super().__init__(message or f"interrupted by {signal.Signals(number).name}")
        self.number = number
