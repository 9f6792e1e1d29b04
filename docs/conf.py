"""Sphinx's configuration."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]
# Inherited by the processes that execute the code cells of pages.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import alexnet_tf  # noqa: E402 (found by the path above)

project = "alexnet_tf"
author = "the alexnet_tf contributors"
copyright = f"2026, {author}. Apache-2.0"
version = release = alexnet_tf.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "docstrings",
    "from_project",
]
exclude_patterns = ["_build", "_extensions", "conf.py"]
html_theme = "furo"
html_title = f"alexnet_tf {version}"
html_show_sphinx = False
# Widens the text column to fit code lines of 110 characters.
html_static_path = ["_static"]
html_css_files = ["width.css"]

# Docstrings put code between single backticks.
default_role = "literal"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_use_rtype = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "docs" / "_build" / "executed")
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
# TensorFlow writes messages about the machine to stderr.
nb_output_stderr = "remove"
nb_execution_show_tb = True
