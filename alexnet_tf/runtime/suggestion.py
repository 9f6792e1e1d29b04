"""Suggests the right name for a mistyped one."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion of the closest known name for an error message; empty if none is close.

    Example:

    >>> did_you_mean("bach_size", ["batch_size", "epochs"])
    "; did you mean 'batch_size'?"
    >>> did_you_mean("alexnt", ["alexnet", "batch-norm-alexnet"])
    "; did you mean 'alexnet'?"
    >>> did_you_mean("lr", ["learning_rate", "lrn"])
    "; did you mean 'learning_rate'?"
    """
    names = list(known)
    # Initials (lr for learning_rate) and last parts (relu for ablation-relu) also match.
    initials = {"".join(part[:1] for part in each.split("_")): each for each in names if "_" in each}
    last = {each.rpartition("-")[2]: each for each in names}
    short = {**initials, **last, **{each: each for each in names}}
    close = difflib.get_close_matches(name, short, 1)
    return f"; did you mean {short[close[0]]!r}?" if close else ""
