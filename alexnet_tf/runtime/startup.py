"""Starts TensorFlow without its notices on standard error."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from alexnet_tf.runtime.errors import InputError


@contextlib.contextmanager
def quiet_startup() -> Iterator[None]:
    """Captures standard error, including output of C++ code, and shows it only after an unexpected error.

    TensorFlow's C++ code prints a page about oneDNN, CUDA and CPU flags before it reads
    `TF_CPP_MIN_LOG_LEVEL`; the project's own notices would be hard to find in it.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except InputError:
            # The captured notices are not shown, so that the one-line error message is easy to find.
            raise
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
