import codecs
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alexnet_tf.checkpoints.pickled_arrays import DAMAGED, load_arrays
from alexnet_tf.runtime.files import UNREADABLE_ARCHIVE


class Made:
    """Unpickling calls `parts[0](*parts[1])`; if there is a `parts[2]`, it becomes the result's state."""

    def __init__(self, *parts):
        self._parts = parts

    def __reduce__(self):
        return self._parts


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_pickled_with_each_protocol_are_read(tmp_path, protocol):
    arrays = {"a": np.arange(6, dtype=">f4").reshape(2, 3), "b": np.asfortranarray(np.eye(2, 3))}
    with open(tmp_path / "a", "w+b") as file:
        pickle.dump(np.array(arrays, dtype=object), file, protocol)
        file.seek(0)
        read = load_arrays(file)

    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_cut_anywhere_is_refused(tmp_path, protocol):
    whole = pickle.dumps(np.array({"a": np.eye(3), "b": np.ones(4)}, dtype=object), protocol)
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        with open(tmp_path / "cut", "rb") as file, pytest.raises((*UNREADABLE_ARCHIVE, *DAMAGED)):
            load_arrays(file)


# 60 tuples, each of which holds the previous one twice: comparing or printing the last would never end.
DOUBLED = b")" + b"".join(b"\x94h%c\x86" % i for i in range(60))
# A pickle contains this string once, even if it makes a thousand copies of it.
TEXT = "a" * 200_000
HOSTILE = {
    "nested keys": (b"\x80\x04}" + DOUBLED + b"Ns.", "short names"),
    "equal hashes": ({i * (2**61 - 1): None for i in range(1500)}, "short names"),
    "many names": ({str(i): None for i in range(2000)}, "short names"),
    "a set": ({1, 2}, "steps"),
    "many steps": (b"\x80\x04]" + b"(" * 10**6, "steps"),
    "a slow encoding": (Made(codecs.encode, ("\xe9" * 10, "punycode")), "the encoding punycode"),
    "nested types": (Made(np.dtype, ([("a", "f4")],)), "expected string"),
    "types in a state": (Made(np.dtype, ("f4",), (3, "<", None, ("a",), {}, -1, -1, 0)), "builds a"),
    "flags in a state": (Made(np.dtype, ("f4",), (3, "<", None, None, None, -1, -1, 1)), "builds a"),
    "a call": (Made(print, ("executed",)), "names builtins.print"),
    "copies": ([Made(codecs.encode, (TEXT, "latin1")) for _ in range(1000)], "unpacks to"),
}
READ = """
import pickle, sys
from alexnet_tf.checkpoints.pickled_arrays import load_arrays
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        try:
            print("read", load_arrays(file))
        except (ValueError, TypeError, pickle.UnpicklingError) as error:
            print(error)
"""


def test_hostile_pickles_are_refused_at_once(tmp_path):
    for name, (content, _) in HOSTILE.items():
        whole = content if isinstance(content, bytes) else pickle.dumps(content, protocol=4)
        (tmp_path / name).write_bytes(whole)
    command = [sys.executable, "-c", READ, *(str(tmp_path / name) for name in HOSTILE)]
    done = subprocess.run(command, cwd=Path.cwd(), capture_output=True, text=True, timeout=30)

    assert done.stderr == ""
    for line, (name, (_, words)) in zip(done.stdout.splitlines(), HOSTILE.items(), strict=True):
        assert words in line, name
