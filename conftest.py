"""Makes pytest run the Python blocks of Markdown files, and frees memory after each test file."""

import ctypes
import gc
import importlib.util
import os
import sys

# TensorFlow reads these variables when a test file imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# The code cells of docs/ draw figures, which must not open windows.
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.codeblock import AbstractCodeBlockParser
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.myst.lexers import DirectiveLexer

pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(),
        AbstractCodeBlockParser([DirectiveLexer("code-cell")], "ipython3", PythonEvaluator()),
    ],
    patterns=["*.md"],
    excludes=["results/*", "runs/*", "docs/_build/*"],
).pytest()

# Modules in experiments/report/page import packages that `make setup` does not install.
collect_ignore = [] if importlib.util.find_spec("altair") else ["experiments/report/page"]


@pytest.fixture(scope="module", autouse=True)
def released_memory():
    """Frees the networks of each test file after it: the paper's AlexNet takes half a gigabyte."""
    yield
    if keras := sys.modules.get("keras"):
        keras.backend.clear_session(free_memory=False)
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        # glibc otherwise keeps freed memory for the next file.
        libc.malloc_trim(0)
