import dataclasses

import pytest
from matplotlib.figure import Figure

from alexnet_tf.runtime.errors import InputError
from experiments.report.figures.collect import collect
from experiments.report.figures.curves import draw_pair
from experiments.report.figures.figure import _by_pair, _place
from experiments.report.figures.overlay import figure_name, overlaid
from experiments.report.finding import finding
from tests.experiments.made_up_results import POOLING, SPEED, fall, record, speed_results
from tests.experiments.tables_read_back import alter_record


def folders_of(root, *names):
    return [speed_results(root / name / "builtin" / "speed") for name in names]


def test_the_runs_of_two_folders_are_drawn_in_one_figure(tmp_path):
    folders = folders_of(tmp_path, "results", "runs")
    found = overlaid(folders, [SPEED, POOLING])
    assert found.arms == ["relu", "tanh", "relu (runs)", "tanh (runs)"]
    (own,) = [one for one in found.judged if one.comparison.arm == "tanh (runs)"]
    assert (own.comparison.baseline, own.comparison.primary, own.effect.n) == ("relu (runs)", False, 3)
    curves = collect(found, "train_error")
    assert set(curves.by_arm["relu (runs)"]) == {0, 1, 2}
    # Equal runs do not hide each other, and the legend is beside the curves.
    figure = Figure(layout="constrained")
    axes = figure.add_subplot()
    equal = draw_pair(axes, found, _by_pair(found)[0], curves)
    assert equal == ["tanh", "tanh (runs)", "relu", "relu (runs)"]
    figure.draw_without_rendering()
    means = [line for line in axes.lines if line.get_linewidth() == 1.8]
    assert len({line.get_transform().transform((2, 0.5))[1] for line in means}) == 2
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1


@pytest.mark.parametrize(
    ("second", "words"),
    [("results/builtin/speed", "each folder once"), ("", "of one experiment"), ("speed", "received none")],
)
def test_folders_that_cannot_be_drawn_together_are_refused(tmp_path, second, words):
    with pytest.raises(InputError, match=words):
        overlaid([*folders_of(tmp_path, "results"), tmp_path / second], [SPEED])


def test_folders_whose_last_parts_are_equal_keep_their_own_arms_and_figures(tmp_path):
    folders = folders_of(tmp_path, "results", "a/runs", "b/runs")
    own = [f"{arm} ({name})" for name in folders[1:] for arm in ("relu", "tanh")]
    assert overlaid(folders, [SPEED]).arms == ["relu", "tanh", *own]
    assert figure_name(folders[1:2]) != figure_name(folders[2:])


def test_the_caption_says_if_the_folders_have_different_images(tmp_path):
    found = overlaid(folders_of(tmp_path, "results", "runs"), [SPEED])
    assert "different images" not in _place(found)
    rows = [{**row, "data_fingerprint": str(place < 6)} for place, row in enumerate(found.rows)]
    assert "different images" in _place(dataclasses.replace(found, rows=rows))


def test_the_title_names_both_precisions_of_the_runs(tmp_path):
    found = overlaid(folders_of(tmp_path, "results", "runs"), [SPEED])
    precisions = ["float32"] * 6 + ["mixed_bfloat16"] * 6
    rows = [{**row, "precision": one} for row, one in zip(found.rows, precisions, strict=True)]
    assert "float32 and mixed_bfloat16" in finding(dataclasses.replace(found, rows=rows))


def test_a_changed_arm_is_compared_with_the_arm_of_its_own_folder(tmp_path):
    def compared(*folders):
        return [(one.comparison.arm, one.comparison.baseline) for one in overlaid(folders, [SPEED]).judged]

    (committed,), own = folders_of(tmp_path, "results"), tmp_path / "runs" / "builtin" / "speed"
    for seed, epochs in enumerate((5, 6, 5)):
        record(own, SPEED, "elu", seed, fall(epochs, 8), variant=("relu", ["activation=elu"]))
    assert ("tanh", "elu") in compared(committed, own)
    for seed in range(3):
        record(own, SPEED, "tanh", seed, fall(20, 30))
    with_elu = {pair for pair in compared(committed, own) if "elu" in pair}
    assert with_elu == {("tanh (runs)", "elu"), ("other", "elu")}
    assert ("tanh", "elu") in compared(own, committed)


def test_a_run_repeated_on_another_processor_does_not_remove_committed_pairs(tmp_path):
    (committed,), own = folders_of(tmp_path, "results"), tmp_path / "runs" / "builtin" / "speed"
    for seed in range(3):
        record(own, SPEED, "relu", seed, fall(4, 8))
    for folder, processor in ((committed, "a"), (own, "b")):
        for path in (folder / "records").iterdir():
            alter_record(path, environment={"processor": processor})
    found = overlaid([committed, own], [SPEED])
    (pair,) = [one for one in found.judged if one.comparison.arm == "tanh" and one.comparison.primary]
    assert pair.effect.n == 3
