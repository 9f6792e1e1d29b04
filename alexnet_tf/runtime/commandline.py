"""Common parts of the command lines."""

import argparse
import contextlib
import functools
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

from alexnet_tf.runtime.errors import Interruption, expected_failure, printable
from alexnet_tf.runtime.interval import CheckpointInterval, parse_interval
from alexnet_tf.runtime.startup import settle_environment
from alexnet_tf.runtime.suggestion import did_you_mean

# Longer error messages are cut to this many characters, because a quoted name may have millions.
LONGEST_LINE = 2**12


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports a usage error in one line and exits with status 2."""

    def error(self, message: str) -> NoReturn:
        if self.epilog and "required" in message:
            message += f"; {self.epilog}"
        _say(printable(f"{self.prog}: {message}"))
        sys.exit(2)

    def parse_known_args(self, args=None, namespace=None):
        args = sys.argv[1:] if args is None else list(args)
        if not args and any(action.required for action in self._actions):
            self.print_help()
            self.exit()
        known = list(self._option_string_actions)
        for argument in args:
            if argument == "--" or (self._subparsers and not argument.startswith("-")):
                break  # file names or a command's own options follow
            name = argument.partition("=")[0]
            # argparse accepts abbreviated options.
            if name.startswith("--") and not any(option.startswith(name) for option in known):
                self.error(
                    f"expected a known option, see --help; received {name!r}{did_you_mean(name, known)}"
                )
        return super().parse_known_args(args, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(action, _expected_one_of(known, str(value)))


def whole_number(least: int = 0) -> Callable[[str], int]:
    """The argparse `type` of a whole number >= `least`.

    Example:

    >>> whole_number()("12")
    12
    """

    def parse(text: str) -> int:
        # int() refuses numbers of thousands of digits.
        if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) >= least):
            raise argparse.ArgumentTypeError(f"expected a whole number >= {least}; received {text[:40]!r}")
        return int(text)

    return parse


def path(text: str) -> Path:
    """The argparse `type` of a path; refuses an empty text, which `Path` takes for the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path; received ''")
    return Path(text)


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """The argparse `type` of one of these names."""
    known = list(names)

    def parse(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(_expected_one_of(known, text))
        return text

    return parse


def _expected_one_of(known: Sequence[str], text: str) -> str:
    return f"expected one of {', '.join(known)}; received {text!r}{did_you_mean(text, known)}"


def add_checkpoint_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint-every",
        type=parse_interval,
        default=CheckpointInterval(),
        metavar="N",
        help="steps between two checkpoints within an epoch, such as 20, or minutes, such as 5m; default 5m",
    )


def add_setting_flags(parser: argparse.ArgumentParser, precisions: Sequence[str]) -> None:
    """Adds flags that all append to `options.settings`."""
    epochs, precision = whole_number(1), one_of(precisions)
    add = functools.partial(parser.add_argument, action="append", dest="settings")
    change = "change a field of the configuration, such as batch_size=32; may be repeated"
    add("--set", default=[], metavar="FIELD=VALUE", help=change)
    same = "the same as --set epochs=N"
    add("--epochs", type=lambda text: f"epochs={epochs(text)}", metavar="N", help=same)
    same = f"the same as --set precision=NAME: {', '.join(precisions)}"
    add("--precision", type=lambda text: f"precision={precision(text)}", metavar="NAME", help=same)


def run_command(
    options: argparse.Namespace,
    again: str = "resumes a training run from its last checkpoint, if there is one",
) -> int:
    """Calls `options.command`; converts interruptions and expected errors to messages and exit statuses.

    Args:
        again: what the same command does next time, for the message after an interruption.

    Returns:
        The exit status: the command's own (1 for a negative answer); 2 for bad input or a failure of the
        machine; 130, 143 or 129 after Ctrl-C, SIGTERM or SIGHUP; 141 if the program that reads the output
        through a pipe closes the pipe.
    """
    try:
        settle_environment()
        with _signals_raised():
            status = options.command(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _discard(sys.stdout)
        # As after SIGPIPE; 0 or 1 could be mistaken for an answer.
        return 141
    except Exception as error:
        line = expected_failure(error)
        if line is None:
            raise
        if len(line) > LONGEST_LINE:
            # The end of a message states what was received and what to do.
            line = f"{line[: LONGEST_LINE // 2]} ... {line[-LONGEST_LINE // 2 :]}"
        _say(f"error: {printable(line)}")
        try:
            sys.stdout.flush()
        except OSError:
            _discard(sys.stdout)
        return 2
    except KeyboardInterrupt as stop:
        if isinstance(stop, Interruption) and stop.is_kept:
            _say(f"{stop}; the state is kept; resume with: {program()} {shlex.join(sys.argv[1:])}")
        elif isinstance(stop, Interruption) and stop.is_kept is False:
            _say(f"{stop}; nothing is saved yet; the same command starts from the beginning")
        else:
            _say(f"interrupted; the same command {again}")
        return 128 + (stop.number if isinstance(stop, Interruption) else signal.SIGINT)


def program() -> str:
    """The command that starts this program, such as `python -m alexnet_tf`."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py":
        return shlex.join(sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1])
    found = shutil.which("alexnet")
    if script.name != "alexnet" or (found and script.samefile(found)):
        return "alexnet"
    return shlex.quote(str(script))


def _say(line: str) -> None:
    """Prints a line to stderr; an error of stderr, such as a full disk, does not change the exit status."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextlib.contextmanager
def _signals_raised() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise Interruption(number)

    # Windows has no SIGHUP. Under nohup, SIGHUP stays ignored.
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    changed = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
