"""Runs the Python blocks of the documents as tests; the examples of docstrings run by `--doctest-modules`."""

import os

# Read by TensorFlow when it is imported, so set before any test file is; the second as alexnet_tf sets it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["*.md"], excludes=["results/*", "runs/*"]
).pytest()
