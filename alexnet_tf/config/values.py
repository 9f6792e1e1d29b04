"""Reads the values of a configuration's fields from text, and checks their types."""

import argparse
import typing
from collections.abc import Callable
from typing import Any, Literal

from alexnet_tf.runtime.commandline import whole_number
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.suggestion import did_you_mean


def check_type(name: str, value: Any, hint: Any) -> None:
    """Raises an InputError unless the value has the type `hint` of the field `name`.

    Example:

    >>> check_type("optimizer", "sgd", Literal["momentum", "adam"])
    Traceback (most recent call last):
    alexnet_tf.runtime.errors.InputError: optimizer: expected momentum or adam; received 'sgd'
    """
    if not fits(value, hint):
        raise InputError(f"{name}: expected {described(hint)}; received {value!r}")


def fits(value: Any, hint: Any) -> bool:
    """Whether a value has a type; an int also fits a float, and a list also fits a tuple.

    Example:

    >>> fits(1, float), fits(1.0, int), fits(True, int)
    (True, False, False)
    """
    choices = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in choices)
    if typing.get_origin(hint) is tuple:
        return isinstance(value, tuple | list) and all(fits(part, choices[0]) for part in value)
    if isinstance(value, bool) or hint is not float:
        return type(value) is hint
    return isinstance(value, int | float)


def described(hint: Any) -> str:
    """The values that fit a type, in words.

    Example:

    >>> described(int), described(Literal["a", "b"]), described(tuple[float, ...])
    ('a whole number', 'a or b', 'a list, each a number')
    """
    choices = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return f"a list, each {described(choices[0])}"
    known = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return known.get(hint) or " or ".join(map(str, choices))


def parse(name: str, text: str, hint: Any) -> Any:
    """Parses `text` as the type `hint` of the field `name`.

    Raises:
        InputError: if the text is not a value of this type.

    Example:

    >>> parse("drops", "20,30", tuple[int, ...])
    (20, 30)
    """
    choices = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return tuple(parse(name, part, choices[0]) for part in text.split(",")) if text else ()
    readers: dict[Any, Callable[[str], Any]] = {
        str: str,
        int: whole_number(),
        float: float,
        bool: lambda text: {"true": True, "false": False}[text.lower()],
    }
    read = readers.get(hint) or (lambda text: dict(zip(choices, choices, strict=True))[text])
    try:
        return read(text)
    except (KeyError, ValueError, argparse.ArgumentTypeError):
        meant = did_you_mean(text, map(str, choices))
        expected = f"{described(hint)}{' >= 0' * (hint is int)}"
        raise InputError(f"--set {name}: expected {expected}; received {text!r}{meant}") from None
