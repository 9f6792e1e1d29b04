"""The error that a user can mend."""


class InputError(ValueError):
    """Bad input; the message is one line that says what was expected and what was received.

    The command line turns it into exit status 2, without a traceback.
    """
