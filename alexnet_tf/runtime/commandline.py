"""What the command lines have in common: errors in one line, and exit statuses."""

import argparse
import os
import sys
from typing import NoReturn

from alexnet_tf.runtime.errors import InputError


class OneLineParser(argparse.ArgumentParser):
    """Reports a usage error in one line, without the usage, with status 2."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


def run_command(
    options: argparse.Namespace, again: str = "goes on from the last finished epoch, if it trains"
) -> int:
    """Calls `options.command(options)`.

    Args:
        options: of the command line.
        again: what the same command does after an interruption.

    Returns:
        Its exit status (0 done, 1 the answer is no); 2 for an `InputError`, told in one line; 130 when
        interrupted; 141 when nobody reads the output to its end.
    """
    try:
        status = options.command(options)
        sys.stdout.flush()
        return status
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; the same command {again}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; nothing more can be written, not even at exit. The status is
        # that of a program that SIGPIPE ends: it must not look like an answer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
