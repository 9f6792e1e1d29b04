"""Sets up the import path and checks that Keras is installed; commands import this module first.

`python -m alexnet_tf` puts the current folder in front of the path. So a user's own `numpy.py` there would be
imported instead of the library. This module removes the current folder from the path, or moves it to the end
if PYTHONPATH names it. If the folder is the checkout of this package, the path stays as it is.

For `-m`, Python imports some modules (`types`, `contextlib`, `warnings`) before this one, so they may still
come from the current folder; `python -P -m` prevents this, unless PYTHONPATH names this folder.
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
    # With -P the path begins with PYTHONPATH.
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", _current):
        del sys.path[0]
    # An empty part of PYTHONPATH, as in `:/more`, also means the current folder.
    sys.path.sort(key=lambda place: place in ("", _current))

if importlib.util.find_spec("keras") is None:
    print(
        f"error: expected a Python with this project's packages; received {sys.executable} without Keras; "
        "`make setup` installs them, for .venv/bin/python",
        file=sys.stderr,
    )
    sys.exit(2)
