import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import alexnet_tf
from alexnet_tf.__main__ import main
from alexnet_tf.data.streaming.scan_cache import load_arrays, save_arrays
from alexnet_tf.runtime.environment import intra_op_threads
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.startup import quiet_startup, settle_environment
from tests.colored_images import write_colored_tree

ROOT = Path(__file__).parents[2]


def test_notices_of_libraries_are_hidden_at_startup(capfd):
    with quiet_startup():
        os.write(2, b"a notice from C++\n")
    os.write(2, b"own line\n")

    assert capfd.readouterr().err == "own line\n"


def test_notices_of_libraries_are_shown_if_the_startup_fails(capfd):
    def fail():
        with quiet_startup():
            os.write(2, b"why it failed\n")
            raise ImportError

    with pytest.raises(ImportError):
        fail()

    assert capfd.readouterr().err == "why it failed\n"


def test_without_a_temporary_folder_the_notices_are_shown(monkeypatch, capfd):
    def refuse():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with quiet_startup():
        os.write(2, b"a notice\n")

    assert capfd.readouterr().err == "a notice\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such paths")
def test_a_temporary_folder_that_tensorflow_cannot_name_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "x\udcff"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(InputError, match="TMPDIR: expected a folder with a path in UTF-8"):
        settle_environment()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("image_data_format", "channels_first"), ("floatx", "float16"), ("backend", "jax"), ("epsilon", 1e-3)],
)
def test_settings_of_keras_that_change_numbers_are_refused(tmp_path, monkeypatch, capsys, setting, value):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    # Some editors on Windows begin a file with a byte-order mark.
    (tmp_path / "keras.json").write_text(json.dumps({setting: value}), encoding="utf-8-sig")
    assert main(["summary"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in (str(tmp_path / "keras.json"), setting, repr(value), "KERAS_HOME"))


def test_an_empty_keras_home_is_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keras.json").write_text('{"floatx": "float16"}')
    with pytest.raises(InputError, match=r"^keras\.json: floatx: expected 'float32'"):
        settle_environment()


@pytest.mark.parametrize("content", ["", "{", '{"epsilon": 1e-07, "floatx": "float32"}'])
def test_a_keras_json_that_is_invalid_or_has_default_values_is_accepted(tmp_path, monkeypatch, content):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text(content)
    settle_environment()


@pytest.mark.parametrize(
    ("make", "word"), [(lambda path: path.write_text("[1]"), "list"), (os.mkfifo, "pipe")]
)
def test_a_keras_json_that_keras_cannot_read_is_refused(tmp_path, monkeypatch, make, word):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    make(tmp_path / "keras.json")
    with pytest.raises(InputError, match=word):
        settle_environment()


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(InputError, match="KERAS_BACKEND: expected 'tensorflow'; received 'torch'; unset it"):
        settle_environment()
    with pytest.raises(InputError, match="KERAS_BACKEND: expected 'tensorflow'; received 'torch'; unset it"):
        alexnet_tf.__getattr__("AlexNet")


@pytest.mark.parametrize("name", ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"])
@pytest.mark.parametrize("text", ["abc", "-1", "1.5", "99999"])
def test_an_invalid_number_of_threads_is_refused(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    with pytest.raises(InputError, match=f"{name}: expected a whole number .*; received '{text}'"):
        settle_environment()
    monkeypatch.setenv(name, "")
    settle_environment()
    assert intra_op_threads() > 0


KERAS = "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED"
ONEDNN = "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS", "TF_SET_ONEDNN_FPMATH_MODE", "ONEDNN_DEFAULT_FPMATH_MODE"
CRASHING = [
    ("XLA_FLAGS", "--xla_cpu_enable_fast_math=false", "--no_such_flag=1", ".*Unknown flag in XLA_FLAGS: "),
    ("TF_XLA_FLAGS", "--tf_xla_clustering_debug", "--no_such_flag=1", ".*Unknown flag in TF_XLA_FLAGS: "),
    ("TF_DETERMINISTIC_OPS", "true", "--no_such_flag=1", ".*Failed to parse the env-var"),
    ("TF_ENABLED_DEVICE_TYPES", "CPU", "--no_such_flag=1", ".*NotFoundError"),
    ("XLA_FLAGS", "", "--no_such_flag=1", ".*Unknown flag in XLA_FLAGS: "),
    ("TF_DETERMINISTIC_OPS", "1", "", ""),
]


@pytest.mark.parametrize(
    ("name", "accepted", "refused", "words"),
    [
        *((name, None, value, "no value") for name in KERAS for value in ("2", "")),
        *((name, "", "1", "no value") for name in ONEDNN),
        *(pytest.param(*given, f"values {words}", marks=pytest.mark.slow) for *given, words in CRASHING),
    ],
)
def test_variables_that_change_numbers_or_nothing_or_crash_tensorflow_are_refused(
    monkeypatch, name, accepted, refused, words
):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "4")
    if accepted is not None:
        monkeypatch.setenv(name, accepted)
        settle_environment()
    monkeypatch.setenv(name, refused)
    with pytest.raises(InputError, match=f"^{name}: expected {words}"):
        settle_environment()


def test_without_a_home_there_is_no_cache(monkeypatch):
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert load_arrays("scan", {}) is None
    assert "no home folder" in save_arrays("scan", {}, {})


def run(arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """Runs a command in a shell, in which $PYTHON is the path of this interpreter."""
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(arguments, shell=True, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("start", "others"),
    [
        ("$PYTHON -m alexnet_tf", ()),
        # With -m, Python imports these three modules before the package changes the path. Only -P helps.
        ("$PYTHON -P -m alexnet_tf", ("types", "contextlib", "warnings")),
        ("$PYTHON bin/alexnet", ("types", "contextlib", "warnings")),
        # An empty entry of PYTHONPATH means the current folder.
        ("PYTHONPATH=:$PYTHONPATH $PYTHON -m alexnet_tf", ()),
        ("PYTHONPATH=$PWD:$PYTHONPATH $PYTHON bin/alexnet", ()),
    ],
)
def test_modules_in_the_current_folder_are_not_imported(tmp_path, start, others):
    for name in ("numpy", "keras", "csv", "argparse", "alexnet", "random", "signal", "json", *others):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current folder')")
    (tmp_path / "bin").mkdir()
    # The script that pip installs.
    script = "import sys\nfrom alexnet_tf.__main__ import entry\nsys.exit(entry())\n"
    (tmp_path / "bin" / "alexnet").write_text(script)
    done = run(f"{start} --version", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("alexnet_tf ")


@pytest.mark.parametrize("flag", ["", "-P"])
def test_a_current_folder_that_pythonpath_names_is_moved_to_the_end(tmp_path, flag):
    program = "import sys, alexnet_tf.runtime.import_path; print(sys.path[-1])"
    done = run(f'PYTHONPATH=$PWD:$PYTHONPATH $PYTHON {flag} -c "{program}"', tmp_path)
    assert (done.stdout.strip(), done.stderr) == (str(tmp_path), "")


@pytest.mark.parametrize("module", ["alexnet_tf", "experiments", "benchmarks"])
def test_a_python_without_the_needed_packages_advises_make_setup(module):
    done = run(f"$PYTHON -S -m {module} --help", ROOT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "make setup" in done.stderr


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("mkdir gone; cd gone; rmdir ../gone; $PYTHON -m alexnet_tf --version", "expected a current folder"),
        ("$PYTHON -m alexnet_tf predict --checkpoint none a.png 2> /dev/full", ""),
        ("$PYTHON -m alexnet_tf summary --classes none 2> /dev/full", ""),
        ("$PYTHON -m experiments list > /dev/full", "No space left on device"),
    ],
)
def test_a_missing_current_folder_and_full_streams_give_status_2(tmp_path, start, words):
    done = run(start, tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, bool(words))
    assert words in done.stderr


WITHOUT_PASSWD = """
import pwd
def missing(user): raise KeyError(f"getpwuid(): uid not found: {user}")
pwd.getpwuid = missing
from alexnet_tf.__main__ import entry
raise SystemExit(entry())
"""


@pytest.mark.slow
def test_a_user_without_an_entry_in_passwd_can_work(tmp_path):
    (tmp_path / "start.py").write_text(WITHOUT_PASSWD)
    colors = {"blue": (0, 0, 200), "red": (200, 0, 0)}
    write_colored_tree(tmp_path / "colors", colors, lambda i: (32, 32), noise=40)
    unset = "env -u HOME -u USER -u LOGNAME -u LNAME -u USERNAME -u XDG_CACHE_HOME"
    flags = "train --model cifar-net --dataset folder:colors --set batch_size=4 --epochs 1 --out net"
    done = run(f"{unset} $PYTHON start.py {flags}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "net" / "model.keras").is_file()


@pytest.mark.slow
def test_an_unusual_environment_does_not_change_the_output(tmp_path):
    plain = run("$PYTHON -m alexnet_tf summary --model cifar-net", ROOT)
    assert plain.returncode == 0, plain.stderr
    strange = run(
        "env -u HOME $PYTHON -m alexnet_tf summary --model cifar-net 2>&-",
        tmp_path,
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        XDG_CACHE_HOME="/proc/no/such/folder",
        PYTHONIOENCODING="ascii",
    )
    assert (strange.returncode, strange.stderr) == (0, "")
    assert strange.stdout == plain.stdout.encode("ascii", "backslashreplace").decode()


def test_training_imports_only_what_it_needs():
    program = (
        "import sys, alexnet_tf.__main__, alexnet_tf.runtime.startup as startup; startup.import_keras()\n"
        "import alexnet_tf.commands.train, alexnet_tf.data.sources.builtin\n"
        "print({'pandas', 'matplotlib', 'IPython', 'tensorflow_datasets', 'dask'} & set(sys.modules))\n"
        "import matplotlib; print(matplotlib.__name__)"
    )
    done = run(f'$PYTHON -c "{program}"', ROOT)
    assert done.stdout.split() == ["set()", "matplotlib"], done.stderr


MAIN = "import {}.__main__ as m, contextlib\nwith contextlib.suppress(SystemExit): status = m.main({})"
BUILTIN = ["--dataset", "builtin", "--out", "x", "--set"]


@pytest.mark.parametrize(
    "program",
    [
        "import experiments.report.write, experiments.report.figures.figure, experiments.compare.results",
        "import benchmarks.runner.run, benchmarks.runner.turns",
        MAIN.format("alexnet_tf", ["--version"]),
        MAIN.format("experiments", ["list"]),
        # Wrong settings are answered before TensorFlow is imported.
        MAIN.format("alexnet_tf", ["train", *BUILTIN, "momentum=2"]) + "\nassert status == 2",
        MAIN.format("alexnet_tf", ["data", *BUILTIN, "no=2"]) + "\nassert status == 2",
        MAIN.format("experiments", ["run", "relu", "--set", "momentum=2"]) + "\nassert status == 2",
        "from alexnet_tf.data.load import load_image_set, resolve_auto\n"
        "from alexnet_tf.data.sources import builtin, folder\n"
        "builtin.draw_builtin.__defaults__ = (10, 10, 0)\n"
        "assert len(load_image_set('builtin').train_labels) == 10; resolve_auto('builtin')",
    ],
)
def test_work_without_networks_imports_neither_tensorflow_nor_keras_nor_tfds(program):
    shown = "\nimport sys; print({'tensorflow', 'keras', 'tensorflow_datasets'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program + shown], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["set()"], done.stderr
