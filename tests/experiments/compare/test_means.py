import dataclasses
import re

import numpy as np
import pytest
from scipy import stats

from alexnet_tf.runtime.errors import InputError
from experiments.__main__ import main
from experiments.compare import means
from experiments.compare.results import AGREE, DIFFER, UNDECIDED, compare, compare_means
from tests.experiments.committed import RESULTS
from tests.experiments.compare.altered import CONFIGS, MEANS, compared, edit, section
from tests.experiments.made_up_results import POOLING, record
from tests.in_text import numbers

# Test errors of three and four seeds: means .323 and .3235.
A, B = (0.324, 0.322, 0.323), (0.323, 0.325, 0.322, 0.324)


def record_errors(folder, errors, arm="separate", **changes):
    for seed, error in enumerate(errors):
        hashed = f"{folder.name}{seed}"
        record(folder, POOLING, arm, seed, [0.9, error - 0.05], config_hash=hashed, **changes)
    return folder


@pytest.fixture
def folders(tmp_path):
    return record_errors(tmp_path / "a", A), record_errors(tmp_path / "b", B, precision="mixed_bfloat16")


def test_experiments_of_different_names_are_compared_arm_by_arm(tmp_path):
    for seed, last in enumerate((0.15, 0.17, 0.19)):
        record(tmp_path / "cifar" / "pooling", POOLING, "separate", seed, [0.9, last])
    renamed = dataclasses.replace(POOLING, name="towers")
    for seed, last in enumerate((0.16, 0.16)):
        changes = {"dataset": "tiny", "config_hash": f"tiny{seed}", "data_fingerprint": "e" * 64}
        record(tmp_path / "tiny" / "towers", renamed, "separate", seed, [0.9, last], **changes)

    text = compared(AGREE, tmp_path / "cifar" / "pooling", tmp_path / "tiny" / "towers")

    found = [line.split(": ", 1) for line in section(text, MEANS)]
    # Mean and number of runs of A and of B, then the difference and its interval. The errors of B do not
    # vary, so the half width of the difference is t(2) s / sqrt(3) = 4.3027 x 0.02 / 1.7321.
    assert {name: numbers(values) for name, values in found} == {
        "pooling / towers separate, train_error": [17, 3, 16, 2, 1, -3.97, 5.97],
        "pooling / towers separate, test_error": [22, 3, 21, 2, 1, -3.97, 5.97],
        "pooling / towers separate, test_top5_error": [0, 3, 0, 2, 0, 0, 0],
        "pooling / towers separate, gap": [5, 3, 5, 2, 0, 0, 0],
    }
    (line,) = section(text, CONFIGS)
    assert line.startswith("pooling / towers separate seed 0, 1: ")
    assert "data.dataset 'cifar' / 'tiny'" in line
    assert "data_fingerprint 'ffffffffffff...' / 'eeeeeeeeeeee...'" in line


def test_means_are_listed_where_rows_differ_but_not_compared_if_a_value_is_missing(trees):
    path = trees[1] / "builtin" / "speed" / "runs.csv"
    edit(path, ",28.0,", ",,")
    (line,) = section(compare(*trees)[1], MEANS)
    name, values, reason = line.split(": ")
    assert name == "builtin/speed tanh, epochs_to_25"
    # A: mean 25.7 of 3 runs; B: mean 24.5 of 2 of 3 runs, because a value is missing. The difference of these
    # means would be biased.
    assert numbers(values) == [25.7, 3, 24.5, 2, 3]
    assert re.findall(r"\b[AB]\b", reason) == ["B"]
    path.write_text(path.read_text().replace("tanh,1,done", "tanh,1,diverged"))
    assert any("(n 1 of 2, 1 not finished)" in line for line in section(compare(*trees)[1], MEANS))


def test_one_run_has_no_interval(tmp_path):
    paths = [record_errors(tmp_path / name, (error,)) for name, error in (("a", 0.25), ("b", 0.3))]
    line = section(compare(*paths)[1], MEANS)[1]
    assert line.startswith("pooling separate, test_error: ")
    assert numbers(line) == [25, 1, 30, 1, -5]


def test_the_only_ensemble_of_an_arm_counts_as_one_value(tmp_path, monkeypatch):
    of_all = tuple(dataclasses.replace(arm, nets=3) for arm in POOLING.arms)
    monkeypatch.setitem(means.NAMED, POOLING.name, dataclasses.replace(POOLING, arms=of_all))
    for name, probe in (("a", 0.5), ("b", 0.6)):
        for arm, variant in (("separate", None), ("steady", ("separate", ["momentum=0.5"]))):
            record_errors(tmp_path / name, A, arm, probe=probe, variant=variant)
    folders = tmp_path / "a", tmp_path / "b"
    for metric, status, count in (("probe", DIFFER, 1), ("test_error", AGREE, 3)):
        found, text = compare_means(*folders, metric, 0.2)
        assert (found, text.count(f"(n {count})")) == (status, 4)


def test_means_are_equivalent_where_both_one_sided_tests_reject(folders):
    result = stats.ttest_ind(A, B, equal_var=False)
    least = max(map(abs, result.confidence_interval(0.90)))
    for margin, status in ((1.001 * least, AGREE), (0.999 * least, DIFFER)):
        p_values = [
            stats.ttest_ind(np.add(A, shift), B, equal_var=False, alternative=alternative).pvalue
            for shift, alternative in ((margin, "greater"), (-margin, "less"))
        ]
        assert (max(p_values) < 0.05) == (status == AGREE)
        assert compare_means(*folders, "test_error", margin)[0] == status


def test_an_equivalence_is_printed_with_its_interval_and_the_configurations(folders, capsys):
    assert main(["compare", *map(str, folders), "--margin", "0.01"]) == AGREE
    text = capsys.readouterr().out
    assert "90% interval" in text
    (line,) = [line for line in text.splitlines() if "separate, test_error: " in line]
    assert numbers(line)[:5] == [32.3, 3, 32.35, 4, -0.05]
    assert text.count(": equivalent\n") == 1
    assert len(section(text, CONFIGS)) == 1
    assert main(["compare", *map(str, folders), "--margin", "0.0001", "--metric", "train_error"]) == DIFFER
    assert "train_error: A 27.30%" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["one run", "diverged", "no value", "another arm"])
def test_equivalence_is_not_shown_if_one_arm_cannot_be_tested_or_differs(folders, tmp_path, change):
    a, b = folders
    path, metric = a / "runs.csv", "test_error"
    if change == "one run":
        a = record_errors(tmp_path / "alone", A[:1])
    elif change == "diverged":
        path.write_text(path.read_text().replace(",done,", ",diverged,", 1))
    elif change == "no value":
        metric = "probe"
    else:
        for folder in folders:
            record_errors(folder, (0.2, 0.21) if folder == a else (0.3, 0.31), arm="overlapping")
    status, text = compare_means(a, b, metric, 0.01)
    assert status == DIFFER
    assert text.count(": not shown equivalent") == 1


@pytest.mark.parametrize("metric", ["train_error", "test_error"])
def test_both_precisions_of_the_evidence_reach_equivalent_errors(metric):
    a, b = (folder / "cifar10" / "ablation-pooling" for folder in (RESULTS / "float32", RESULTS))
    status, text = compare_means(a, b, metric, 0.01)
    assert status == AGREE
    assert "overlapping seed 0, 1, 2: precision 'float32' / 'mixed_bfloat16'" in section(text, CONFIGS)[0]


def test_equivalence_with_an_unreadable_line_is_undecided(folders):
    with open(folders[0] / "runs.csv", "a") as file:
        file.write("pooling-separate-9,pooling\n")
    assert compare_means(*folders, "test_error", 0.01)[0] == UNDECIDED


def test_an_unknown_metric_or_no_common_arm_is_refused(folders, trees):
    with pytest.raises(InputError, match=r"--metric: expected one of train_error, .*gap.* received loss"):
        compare_means(*folders, "loss", 0.01)
    kernels = [RESULTS / "tiny_imagenet100" / f"ablation-kernels{name}" for name in ("", "-long")]
    with pytest.raises(InputError, match=r"one of .*grey_tower in .* received deals_beyond"):
        compare_means(*kernels, "deals_beyond", 0.01)
    assert "deals_beyond: A" not in compare(*kernels)[1]
    arms = r"in common; received the arms separate in .* and the arms relu; tanh in "
    with pytest.raises(InputError, match=arms):
        compare_means(folders[0], trees[0] / "builtin" / "speed", "test_error", 0.01)
