"""Starting TensorFlow without a screenful of notices."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from alexnet_tf.runtime.errors import InputError


@contextlib.contextmanager
def quiet_startup() -> Iterator[None]:
    """Holds back what is written to standard error, down to C++, and shows it only after a failure.

    TensorFlow's C++ side prints a page about oneDNN, CUDA and CPU flags before it reads
    `TF_CPP_MIN_LOG_LEVEL`; our own notices would drown in it.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except InputError:
            # Its one line should not drown in TensorFlow's notices.
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
