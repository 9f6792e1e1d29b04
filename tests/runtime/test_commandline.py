import argparse
import sys

import pytest
import tensorflow as tf

import alexnet_tf.__main__
import benchmarks.__main__
import experiments.__main__
from alexnet_tf.runtime.commandline import program, run_command
from alexnet_tf.runtime.errors import InputError, Interruption
from tests.command_errors import one_line_of_status_2


def fails_with(error):
    def command(_):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(40, "Too many levels of symbolic links", "a/b"), ["a/b", "symbolic links"]),
        (OSError(36, "File name too long", "x" * 300), ["name too long"]),
        (PermissionError(13, "Permission denied", b"p\xff"), ["Permission denied"]),
        (RecursionError("maximum recursion depth exceeded"), ["nested"]),
        (MemoryError(), ["memory"]),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ["UTF-8", "start byte"]),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nshape[1]"), ["OOM"]),
        (InputError("x" * 10**6), ["xxx"]),
        (InputError("a\nb \x1b[2J \udcff"), ["a b", "\\x1b[2J", "\\udcff"]),
    ],
)
def test_failures_of_input_and_machine_are_one_line(capsys, error, words):
    assert run_command(argparse.Namespace(command=fails_with(error))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in ["error: ", *words])
    assert len(line) < 5_000


def test_a_programming_error_keeps_its_traceback():
    with pytest.raises(KeyError):
        run_command(argparse.Namespace(command=fails_with(KeyError("name"))))


@pytest.mark.parametrize(
    ("command", "status", "line"),
    [
        (lambda _: 0, 0, ""),
        (lambda _: 1, 1, ""),
        (fails_with(InputError("--seeds: expected a number")), 2, "--seeds: expected a number"),
        (fails_with(KeyboardInterrupt()), 130, "resumes a training run from its last checkpoint"),
        (fails_with(Interruption(is_kept=True)), 130, "by SIGINT; the state is kept; resume with: "),
        (
            fails_with(Interruption(is_kept=False)),
            130,
            "nothing is saved yet; the same command starts from the beginning",
        ),
    ],
)
def test_a_command_ends_with_its_exit_status_and_at_most_one_line(capsys, command, status, line):
    assert run_command(argparse.Namespace(command=command)) == status

    error = capsys.readouterr().err
    assert line in error
    assert len(error.splitlines()) == (1 if line else 0)


@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        (["train", "--dataset", "builtin", "--out", "x"], "resumes a training run"),
        (["explain", "--image", "x", "--out", "x"], "resumes a training run"),
        (["predict", "--checkpoint", "x", "x"], "starts anew"),
    ],
)
def test_only_a_command_that_trains_is_said_to_resume(monkeypatch, capsys, arguments, again):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(alexnet_tf.__main__, "_run", interrupted)

    assert alexnet_tf.__main__.main(arguments) == 130

    assert f"the same command {again}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "first", "on_path", "named"),
    [
        # An argument may be the name of another command, here `train`.
        (".venv/bin/python -P -m alexnet_tf explain --out train", 4, "", ".venv/bin/python -P -m alexnet_tf"),
        (".venv/bin/python bin/alexnet train", 2, "", "bin/alexnet"),
        (".venv/bin/python bin/alexnet train", 2, "bin", "alexnet"),
        (".venv/bin/python -m a_notebook", 3, "bin", "alexnet"),
    ],
)
def test_an_advised_command_starts_as_the_running_one(monkeypatch, tmp_path, words, first, on_path, named):
    for name in ("alexnet", "a_notebook", "__main__.py"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / on_path) if on_path else "")
    called = words.split()
    script = "bin/__main__.py" if called[first - 1] == "alexnet_tf" else called[first - 1]
    monkeypatch.setattr(sys, "orig_argv", called)
    monkeypatch.setattr(sys, "argv", [script, *called[first:]])
    assert program() == named


PROGRAMS = {
    "alexnet": alexnet_tf.__main__,
    "experiments": experiments.__main__,
    "benchmarks": benchmarks.__main__,
}


def commands_of(program) -> dict[str, argparse.ArgumentParser]:
    parser = program._parser()
    (group,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {"": parser, **group.choices}


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_flag_has_a_help_text(program):
    for name, command in commands_of(PROGRAMS[program]).items():
        silent = {action.dest for action in command._actions if not action.help}
        assert silent <= {"command", argparse.SUPPRESS}, name


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_has_an_example_that_its_flags_allow(program):
    for name, command in commands_of(PROGRAMS[program]).items():
        if name:
            _, before, words = command.epilog.partition(f"{program} {name}")
            assert before, f"expected an example of {name}"
            command.parse_args(words.split())


@pytest.mark.parametrize(
    ("program", "arguments"),
    [("alexnet", []), ("alexnet", ["predict"]), ("experiments", []), ("experiments", ["run"])],
)
def test_a_call_without_arguments_prints_help(program, arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        PROGRAMS[program].main(arguments)

    assert exit.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("program", "arguments", "meant"),
    [
        ("alexnet", ["trian", "--out", "x"], "train"),
        ("alexnet", ["summary", "--model", "alexnet-scale"], "alexnet-scaled"),
        ("alexnet", ["train", "--dataset", "builtin", "--out", "x", "--set", "bach_size=3"], "batch_size"),
        ("alexnet", ["train", "--dataset", "builtin", "--out", "x", "--set", "schedule=plato"], "plateau"),
        ("alexnet", ["export", "x", "--format", "savedmodel", "--out", "y"], "saved-model"),
        ("experiments", ["lists", "x"], "list"),
        ("experiments", ["run", "rellu"], "ablation-relu"),
        ("experiments", ["run", "relu", "--dataset", "builtin", "--arms", "tannh"], "tanh"),
        ("experiments", ["run", "ablation-poolings"], "ablation-pooling"),
        ("experiments", ["run", "relu", "--precision", "float23"], "float32"),
        ("alexnet", ["train", "--modle", "alexnet"], "--model"),
        ("alexnet", ["predict", "a.png", "--chekpoint=net"], "--checkpoint"),
        ("alexnet", ["--verison"], "--version"),
        ("experiments", ["run", "quickstart", "--result-dir", "x"], "--results-dir"),
        ("benchmarks", ["run", "--zzz"], None),
    ],
)
def test_a_mistyped_name_is_answered_with_the_one_that_it_resembles(program, arguments, meant, capsys):
    line = one_line_of_status_2(PROGRAMS[program].main, arguments, capsys)

    assert line.endswith(f"; did you mean {meant!r}?" if meant else "received '--zzz'")
