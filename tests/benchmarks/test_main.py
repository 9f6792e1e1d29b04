import os

import pytest

from benchmarks.__main__ import main
from tests.command_errors import one_line_of_status_2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--items", ","], ["--items", "','"]),
        (["run", "--pytorch", "nowhere/python"], ["--pytorch", "nowhere/python"]),
        (["run", "--items", "alexnet_step,speed"], ["--items", "speed", "machine_limits"]),
        (["run", "--quick", "--items", "inference,memory"], ["--items", "--quick", "received memory"]),
        (["run", "--items", "inference", "--results-dir", "file/below"], ["--results-dir", "file/below"]),
        (["growth", "--results-dir", "file/below"], ["--results-dir", "file/below"]),
        (["scaling", "--results-dir", "nowhere"], ["alexnet_step.csv", "nowhere"]),
        (["scaling", "--results-dir", "~/nowhere"], [os.path.expanduser("~/nowhere")]),
        (["report", "--results-dir", ""], ["--results-dir", "expected a path; received ''"]),
    ],
    ids=" ".join,
)
def test_bad_input_gives_one_line_and_status_2(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")

    line = one_line_of_status_2(main, arguments, capsys)

    assert all(word in line for word in words)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_interruption_ends_with_status_130(capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.report.write.write_all", interrupted)

    assert main(["report"]) == 130
    assert capsys.readouterr().err == "interrupted; the same command starts anew\n"
