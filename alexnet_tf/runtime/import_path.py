"""Sets up the import path, and says how to install the project's packages if they are missing.

Takes the current folder off the path, where `python -m alexnet_tf` has put it in front.

A user's own `numpy.py` or `keras.py` in it would otherwise be imported in place of the library. If
PYTHONPATH names the folder, it comes last. It stays where it is if it is the checkout of this package.
Imported for its effect, before all other modules. For `-m` Python itself has then imported a few (`types`,
`contextlib`); `python -P -m` and the command `alexnet` do not have the folder on the path at all.
"""

import importlib.util
import os
import sys

try:
    _current = os.getcwd()
except OSError as error:
    print(f"error: expected a current folder; received: {error.strerror}; `cd` to another", file=sys.stderr)
    sys.exit(2)
_checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if os.path.realpath(_current) != os.path.realpath(_checkout):
    if sys.path and sys.path[0] in ("", _current):
        del sys.path[0]
    # An empty part of PYTHONPATH, as in `:/more`, is the current folder, too.
    sys.path.sort(key=lambda place: place in ("", _current))

if importlib.util.find_spec("keras") is None:
    print(
        f"error: expected a Python with this project's packages; received {sys.executable} without Keras; "
        "`make setup` installs them, for .venv/bin/python",
        file=sys.stderr,
    )
    sys.exit(2)
