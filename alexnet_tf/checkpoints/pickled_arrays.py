"""Reads pickled dictionaries of arrays in limited time and memory; nothing in them is executed.

With Python's own unpickling, a malicious file can take forever or fill the memory: by keys whose comparison
takes exponential time, nested dtypes, slow encodings, or many copies of data.
"""

import pickle
import re
import struct
from typing import IO, Any

import numpy as np

from alexnet_tf.runtime.archives import check_unpacked

# Raised for a damaged pickle, in addition to `UNREADABLE_ARCHIVE`.
DAMAGED = (IndexError, SystemError, pickle.UnpicklingError, struct.error)
# A network of eight layers needs about 600 steps (opcodes) and 16 names.
MOST_STEPS, MOST_NAMES, LONGEST_NAME = 20_000, 1_000, 200
NUMBERS = re.compile(r"[<>=|]?([biuf]\d\d?|O8?)")
STEPS = (
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 SHORT_BINSTRING BINSTRING "
    "SHORT_BINUNICODE BINUNICODE BINUNICODE8 SHORT_BINBYTES BINBYTES BINBYTES8 EMPTY_LIST APPEND APPENDS "
    "EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT SETITEM SETITEMS GLOBAL STACK_GLOBAL REDUCE BUILD PUT "
    "BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET"
)


def load_arrays(file: IO[bytes]) -> Any:
    """Returns the dictionary in a .npy file; `file` is positioned after the header.

    Raises:
        one of `UNREADABLE_ARCHIVE` or `DAMAGED`: if the pickle is damaged, too large, or has objects that
            a dictionary of arrays does not need.
    """
    return _ArraysOnly(file).load().item()


class _Names(dict):
    def __setitem__(self, name: object, value: Any) -> None:
        if not isinstance(name, str) or len(name) > LONGEST_NAME or len(self) == MOST_NAMES:
            raise ValueError(f"a dictionary with over {MOST_NAMES:,} keys, or keys that are not short names")
        super().__setitem__(name, value)


# Derived from the unpickler written in Python, because a subclass of the one in C cannot restrict the steps.
class _ArraysOnly(pickle._Unpickler):
    def __init__(self, file: IO[bytes]):
        super().__init__(file, encoding="latin1")
        self._source, self._steps, self._copied = file, 0, 0

    @property
    def dispatch(self):  # type: ignore[override]
        """This object: `load` looks up each step in `dispatch`, and so calls `__getitem__`."""
        return self

    def __getitem__(self, code: int) -> Any:
        self._steps += 1
        if self._steps > MOST_STEPS or code not in _LOADS:
            raise pickle.UnpicklingError(f"over {MOST_STEPS:,} steps, or steps that arrays do not need")
        return _LOADS[code]

    def find_class(self, module: str, name: str) -> Any:
        # The names in pickles of arrays that were written with NumPy 1 or 2, in Python 2 or 3.
        known = {
            "numpy.ndarray": None,
            "numpy.dtype": _numbers,
            "numpy.core.multiarray._reconstruct": lambda *_: np.ndarray(0, "b"),
            "_codecs.encode": self._encoded,
        }
        full = f"{module}.{name}".replace("._core.", ".core.")
        if full not in known:
            raise pickle.UnpicklingError(f"a pickle that names {full[:80]}")
        return known[full]

    def empty_dictionary(self) -> None:
        self.append(_Names())  # type: ignore[attr-defined]

    def build(self) -> None:
        built, state = self.stack[-2:]  # type: ignore[attr-defined]
        # Without this check, the state of a dtype could hold nested types, sizes and flags.
        plain = (None, None, None, -1, -1, getattr(built, "flags", None))
        is_plain = (
            isinstance(built, np.dtype) and state[:1] == (3,) and state[1] in "<>=|" and state[2:] == plain
        )
        if not (is_plain or isinstance(built, np.ndarray)):
            raise pickle.UnpicklingError(f"a pickle that builds a {type(built).__name__}")
        self.load_build()  # type: ignore[attr-defined]
        self._count(getattr(built, "nbytes", 0))

    def _encoded(self, text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise ValueError(f"bytes in the encoding {str(encoding)[:40]}")
        self._count(len(text))
        return text.encode("latin1")

    def _count(self, size: int) -> None:
        self._copied += size
        check_unpacked(self._copied, self._source)


def _numbers(code: str, *flags: object) -> np.dtype:
    if not NUMBERS.fullmatch(code):
        raise ValueError(f"numbers of the type {code[:40]}")
    # A copy, because the pickle then sets the byte order of the dtype.
    return np.dtype(code, False, True)


_LOADS: dict[int, Any] = {
    code: pickle._Unpickler.dispatch[code] for code in (getattr(pickle, step)[0] for step in STEPS.split())
}
_LOADS |= {pickle.EMPTY_DICT[0]: _ArraysOnly.empty_dictionary, pickle.BUILD[0]: _ArraysOnly.build}
