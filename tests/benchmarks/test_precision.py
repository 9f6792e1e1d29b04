"""Two precisions agree by a rule of intervals, and only runs that differ in nothing else are compared."""

import csv
import re
from pathlib import Path

import pytest
from scipy import stats

from alexnet_tf.config.fields import Config
from alexnet_tf.results.folder import record_run
from benchmarks.__main__ import main
from benchmarks.precision import AGREE, ALIKE, DIFFER, UNDECIDED, Difference, differences, read_bundle
from benchmarks.precision_report import precision_table, readme_line
from tests.command_errors import one_line_of_status_2
from tests.recording import METRICS, curve_rows, run_row

ROOT = Path(__file__).parents[2]
# Errors after the first and the second epoch, by seed.
FLOAT32 = ((0.5, 0.301), (0.52, 0.299), (0.48, 0.3))
BFLOAT16 = ((0.51, 0.3), (0.5, 0.302), (0.49, 0.299), (0.53, 0.301))


def record(folder, precision, errors, arm="relu", **settings):
    for seed, values in enumerate(errors):
        config = Config(precision=precision, seed=seed).replace(**settings)
        points = curve_rows(arm, seed)
        for point, error in zip(points, (0.9, *values), strict=True):
            point |= {"train_error": error, "test_error": error + 0.02}
        row = run_row(
            arm, seed, precision=precision, dataset="cifar10", data_fingerprint="pixels", git_commit="abc",
            message=None, config_hash=config.hash("pixels"),
        )  # fmt: skip
        record_run(folder, row, points, {"config": config.to_dict()}, METRICS, ("relu", "tanh"))
    return folder


@pytest.fixture
def folders(tmp_path):
    return (
        record(tmp_path / "results" / "float32", "float32", FLOAT32),
        record(tmp_path / "results" / "bfloat16", "mixed_bfloat16", BFLOAT16),
    )


def test_differences_of_every_epoch(folders):
    found = differences(*map(read_bundle, folders))

    assert [(one.metric, one.epoch) for one in found] == [
        (metric, epoch) for metric in ("train_error", "test_error") for epoch in range(3)
    ]
    last = found[2]
    assert last.n == (3, 4)
    assert last.mean == pytest.approx((0.3, 0.3005))
    assert last.std == pytest.approx((0.001, 0.001 * (5 / 3) ** 0.5))
    expected = stats.ttest_ind(
        [errors[1] for errors in FLOAT32], [errors[1] for errors in BFLOAT16], equal_var=False
    )
    assert last.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert last.inner == pytest.approx(tuple(expected.confidence_interval(0.90)))


@pytest.mark.parametrize(
    ("interval", "inner", "verdict"),
    [
        ((-0.004, 0.006), (-0.003, 0.005), AGREE),
        ((0.001, 0.009), (0.002, 0.008), ALIKE),
        ((-0.004, 0.013), (-0.002, 0.011), UNDECIDED),
        ((-0.013, 0.004), (-0.011, 0.002), UNDECIDED),
        ((0.001, 0.013), (0.002, 0.012), DIFFER),
        ((0.02, 0.04), (0.025, 0.035), DIFFER),
        (None, None, UNDECIDED),
    ],
)
def test_the_rule(interval, inner, verdict):
    one = Difference("relu", "test_error", 2, (3, 3), (0.3, 0.3), (0.1, 0.1), interval, inner)

    assert one.verdict == verdict


def test_from_two_folders_to_files_and_readme(folders, tmp_path, capsys):
    out = tmp_path / "results" / "benchmarks" / "precision"
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmark -->\n<!-- /benchmark -->\nafter\n")
    arguments = ["precision", *map(str, folders), "--out", str(out)]

    assert main(arguments) == 0

    printed = capsys.readouterr().out
    assert "relu, test_error after epoch 2: agree within seed noise" in printed
    with open(out / "differences.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["", "", AGREE] * 2
    table = (out / "table.md").read_text()
    assert "| `relu` | test error | 32.00% ± 0.10 (3 seeds) | 32.05% ± 0.13 (4 seeds) | −0.05 [" in table
    assert "The interval holds 0 in 2 of 2 epochs" in table
    line = readme_line(out)
    assert line in readme.read_text()
    assert re.search(
        r"\(results/benchmarks/precision/table.md\): float32 − mixed_bfloat16, `relu` of x on cifar10: "
        r"−0\.05 points of test error \[−0\.\d\d, \+0\.\d\d\] after 2 epochs, 3 and 4 seeds, agree", line
    )  # fmt: skip
    first = {path: path.read_bytes() for path in out.iterdir()}
    assert set(first) == {out / name for name in ("differences.csv", "table.md", "figure.png", "figure.svg")}
    main(arguments)
    assert {path: path.read_bytes() for path in out.iterdir()} == first


def test_the_answer_no_is_status_1(folders, tmp_path):
    worse = record(tmp_path / "worse", "float32", [(first, second + 0.03) for first, second in FLOAT32])
    alone = record(tmp_path / "alone", "float32", FLOAT32[:1])

    for folder in (worse, alone):
        assert main(["precision", str(folder), str(folders[1]), "--out", str(tmp_path / "out")]) == 1


def test_what_is_not_one_experiment_in_two_precisions_is_bad_input(folders, tmp_path, capsys):
    def error(name, *arguments, **settings):
        other = record(tmp_path / name, *arguments, **settings) if arguments else tmp_path / name
        out = tmp_path / "out"
        line = one_line_of_status_2(
            main, ["precision", str(other), str(folders[1]), "--out", str(out)], capsys
        )
        assert not out.exists()
        return line

    assert "expected runs in " in error("missing")
    same = error("same", "mixed_bfloat16", FLOAT32)
    assert "expected two precisions, received mixed_bfloat16 in both folders" in same
    assert "expected an arm that both " in error("other", "float32", FLOAT32, arm="tanh")
    faster = error("faster", "float32", FLOAT32, learning_rate=0.5)
    assert "relu: expected runs that differ in seed and precision alone" in faster


def test_a_run_that_is_not_whole_is_bad_input(folders, tmp_path, capsys):
    path = folders[0] / "runs.csv"
    path.write_text(path.read_text().replace(",done,", ",diverged,", 1))

    line = one_line_of_status_2(
        main, ["precision", *map(str, folders), "--out", str(tmp_path / "out")], capsys
    )

    assert "expected a whole run x-relu-0, received 3 epochs of a run that is diverged" in line


def test_the_committed_table_is_of_the_committed_rows():
    results = ROOT / "results"
    bundles = tuple(
        read_bundle(folder / "cifar10" / "ablation-pooling") for folder in (results / "float32", results)
    )

    table = precision_table(bundles, differences(*bundles))

    assert table == (results / "benchmarks" / "precision" / "table.md").read_text()
    assert readme_line(results / "benchmarks" / "precision") in (ROOT / "README.md").read_text()
