import pytest

from benchmarks.__main__ import main
from benchmarks.rows import ADDED, COLUMNS, Row, read_rows, write_rows
from benchmarks.runner.machine import machine_kind, write_machine
from tests.command_errors import one_line_of_status_2


def test_written_rows_are_read_back(tmp_path):
    rows = [
        Row("a, b", "fast", "tensorflow", "images", 8.0, 16.0, (0.5, 0.25, 0.125)),
        Row("a, b", "slow", "pytorch", "images", message="cannot time"),
        Row(
            "a, b", "new", "pytorch", "images", 2.0, 0, (0.5,), cpu_seconds=0.75, lock_seconds=0.01, note="b"
        ),
    ]
    peaks = [Row("a, b", "fast", "tensorflow", "images", peak_mebibytes=100.0)]
    write_rows(tmp_path / "item.csv", rows)
    write_rows(tmp_path / "memory.csv", peaks)

    assert read_rows(tmp_path / "item.csv") == rows
    assert read_rows(tmp_path / "memory.csv") == peaks
    assert read_rows(tmp_path / "none.csv") == []


def test_files_without_the_columns_added_later_are_read(tmp_path):
    row = Row("a, b", "fast", "tensorflow", "images", 8.0, 16.0, (0.5,))
    write_rows(tmp_path / "item.csv", [row])
    lines = (tmp_path / "item.csv").read_text().splitlines()
    cut = [lines[0].removesuffix("," + ",".join(ADDED)), lines[1].removesuffix(",,,")]
    (tmp_path / "item.csv").write_text("\n".join(cut) + "\n")

    assert read_rows(tmp_path / "item.csv") == [row]


HEADER = ",".join(COLUMNS)
GOOD = '"batch 32, float32",ours,tensorflow,images,64,0.5,400,,1,0.5,measured,,,,'


def damaged(before, after, words):
    content = f"{HEADER}\n{GOOD}\n{GOOD.replace(before, after)}\n"
    return "alexnet_step.csv", content, f"alexnet_step.csv:3: expected {words}"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("machine.csv", "name,value\n", "machine.csv:1: expected property,value; received 'name,value'"),
        ("machine.csv", b"property,value\na,b\nc,\xff\n", "machine.csv:3: expected text in UTF-8"),
        ("alexnet_step.csv", "", "alexnet_step.csv:1: expected case,contender,framework,"),
        ("alexnet_step.csv", None, "alexnet_step.csv: expected a readable file; received a folder"),
        ("alexnet_step.csv", f'{HEADER}\n"batch', "alexnet_step.csv:2: expected a line of CSV; received"),
        damaged(",0.5,measured", ",,measured", "seconds in a row that is measured; received nothing"),
        damaged(",0.5,measured", ",0.5 0,measured", "seconds above 0 and finite; received '0'"),
        damaged(",0.5,measured", ",half,measured", "seconds above 0 and finite; received 'half'"),
        damaged(",64,", ",nan,", "rate above 0 and finite; received 'nan'"),
        damaged(",64,", ",inf,", "rate above 0 and finite; received 'inf'"),
        damaged("measured,", "done,", "status measured or not measured; received 'done'"),
        damaged("measured,", "not measured,", "message in a row that is not measured; received nothing"),
        (
            "memory.csv",
            f"{HEADER}\n{GOOD}\n",
            "memory.csv:2: expected peak_mebibytes in a row that is measured",
        ),
    ],
)
def test_damaged_files_are_refused_with_their_name_and_line(tmp_path, capsys, name, content, words):
    folder = tmp_path / machine_kind()
    folder.mkdir()
    write_machine(folder / "machine.csv", {"run": "full"})
    write_rows(folder / "alexnet_step.csv", [])
    (folder / name).unlink(missing_ok=True)
    if content is None:
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    commands = [["report"]]
    if name == "machine.csv":
        commands.append(["run", "--items", "machine_limits"])
    if name == "alexnet_step.csv":
        commands.append(["scaling", "--out", str(tmp_path / "scaling")])

    for command in commands:
        assert words in one_line_of_status_2(main, [*command, "--results-dir", str(tmp_path)], capsys)
