import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alexnet_tf.commands.scores import read_scores, record_scores
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import write_text
from alexnet_tf.training.evaluate import Scores

HEADER = "views,nets,examples,top1_error,top5_error,loss,dataset,checkpoint"


def scores(error: float) -> Scores:
    return Scores(loss=1.5, error=error, top5_error=error / 2, count=500)


def test_a_row_replaces_one_with_the_same_key(tmp_path):
    table = tmp_path / "scores.csv"
    record_scores(table, scores(0.5), [Path("runs/a")], "cifar10", 10)
    record_scores(table, scores(0.75), [Path("runs/a")], "cifar10", 1)
    record_scores(table, scores(0.25), [Path("runs/a"), Path("runs/b")], "cifar10", 1)
    record_scores(table, scores(0.375), [Path("runs/a")], "cifar10", 10)

    assert table.read_text().splitlines() == [
        HEADER,
        "1,1,500,0.75,0.375,1.5,cifar10,runs/a",
        "10,1,500,0.375,0.1875,1.5,cifar10,runs/a",
        "1,2,500,0.25,0.125,1.5,cifar10,runs/a+runs/b",
    ]
    assert list(tmp_path.iterdir()) == [table]


def test_rows_recorded_by_parallel_threads_are_all_kept(tmp_path, monkeypatch):
    table, names = tmp_path / "scores.csv", [f"runs/{i}" for i in range(6)]

    def write_slowly(*arguments):
        time.sleep(0.05)
        write_text(*arguments)

    monkeypatch.setattr("alexnet_tf.commands.scores.write_text", write_slowly)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: record_scores(table, scores(0.5), [Path(name)], "cifar10", 1), names))

    assert [row["checkpoint"] for row in read_scores(table)] == names
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ":1: expected views,nets,.*; received ''$"),
        ("views,nets\n1,1\n", ":1: expected views,nets,.*; received 'views,nets'$"),
        (f"{HEADER}\n1\n", ":2: expected 8 fields; received 1$"),
        (f"{HEADER}\n1,1,9,.5,.2,1,a,b\n1,1,9,x,.2,1,a,b\n", r":3: top1_error: .*\[0, 1\]; received 'x'$"),
        (f"{HEADER}\n1,1,9,.5,nan,1,a,b\n", ":2: top5_error: expected .* received 'nan'$"),
        (f"{HEADER}\none,1,9,.5,.2,1,a,b\n", ":2: views: expected a whole number; received 'one'$"),
        (f"{HEADER}\n1,1,9,25.3,.5,1,a,b\n", ":2: top1_error: expected .* received '25.3'$"),
    ],
)
def test_a_table_of_another_kind_is_refused_and_not_changed(tmp_path, content, said):
    table = tmp_path / "scores.csv"
    table.write_text(content)

    with pytest.raises(InputError, match=f"scores.csv{said}"):
        record_scores(table, scores(0.5), [Path("a")], "cifar10", 1)

    assert table.read_text() == content


def test_a_missing_table_has_no_rows_and_a_folder_is_refused(tmp_path):
    assert read_scores(tmp_path / "scores.csv") == []
    with pytest.raises(InputError, match="expected a readable file; received a folder"):
        read_scores(tmp_path)
