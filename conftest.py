"""Runs the Python blocks of the documents as tests; the examples of docstrings run by `--doctest-modules`."""

import importlib.util
import os

# TensorFlow reads these when a test file imports it. The second has the value that alexnet_tf sets.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# The cells of docs/ draw figures, which need no window here.
os.environ.setdefault("MPLBACKEND", "Agg")

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

# Needs the packages of `make report`, which `make setup` does not install.
collect_ignore = [] if importlib.util.find_spec("altair") else ["experiments/report/page"]
