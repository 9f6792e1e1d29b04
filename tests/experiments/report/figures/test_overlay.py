"""One figure of the runs in several folders: the names of the arms, and which of them are compared."""

import dataclasses
import json

import pytest
from matplotlib.figure import Figure

from alexnet_tf.runtime.errors import InputError
from experiments.report.figures.collect import collect
from experiments.report.figures.curves import draw_pair
from experiments.report.figures.figure import _by_pair
from experiments.report.figures.overlay import figure_name, overlaid
from experiments.report.finding import finding
from tests.experiments.made_up_results import POOLING, SPEED, fall, record, speed_results


def test_the_runs_of_two_folders_are_drawn_in_one_figure(tmp_path):
    folders = [tmp_path / name / "builtin" / "speed" for name in ("results", "runs")]
    for folder in folders:
        speed_results(folder)
    found = overlaid(folders, [SPEED, POOLING])
    assert found.arms == ["relu", "tanh", "relu (runs)", "tanh (runs)"]
    own = [one for one in found.judged if one.comparison.arm == "tanh (runs)"]
    assert [(one.comparison.baseline, one.comparison.primary, one.effect.n) for one in own] == [
        ("relu (runs)", False, 3)
    ]
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
    with pytest.raises(InputError, match="each folder once"):
        overlaid([folders[0], folders[0]], [SPEED])
    with pytest.raises(InputError, match="of one experiment"):
        overlaid([folders[0], tmp_path], [SPEED])
    with pytest.raises(InputError, match="received none"):
        overlaid([tmp_path / "builtin" / "speed"], [SPEED])


def test_folders_whose_last_parts_are_equal_keep_their_own_arms_and_figures(tmp_path):
    folders = [tmp_path / name / "builtin" / "speed" for name in ("results", "a/runs", "b/runs")]
    for folder in folders:
        speed_results(folder)
    found = overlaid(folders, [SPEED])
    assert found.arms == [
        "relu",
        "tanh",
        *(f"{arm} ({name})" for name in folders[1:] for arm in ("relu", "tanh")),
    ]
    assert figure_name(folders[1:2]) != figure_name(folders[2:])


def test_the_title_names_both_precisions_of_the_runs(tmp_path):
    folders = [tmp_path / name / "builtin" / "speed" for name in ("results", "runs")]
    for folder in folders:
        speed_results(folder)
    found = overlaid(folders, [SPEED])
    rows = [{**row, "precision": "float32"} for row in found.rows[:6]]
    rows += [{**row, "precision": "mixed_bfloat16"} for row in found.rows[6:]]
    assert "float32 and mixed_bfloat16" in finding(dataclasses.replace(found, rows=rows))


def test_a_changed_arm_is_compared_with_the_arm_of_its_own_folder(tmp_path):
    committed, own = (tmp_path / name / "builtin" / "speed" for name in ("results", "runs"))
    speed_results(committed)
    for seed, epochs in enumerate((5, 6, 5)):
        record(own, SPEED, "elu", seed, fall(epochs, 8), variant=("relu", ["activation=elu"]))
    assert ("tanh", "elu") in arms_of(overlaid([committed, own], [SPEED]))
    for seed in range(3):
        record(own, SPEED, "tanh", seed, fall(20, 30))
    assert {pair for pair in arms_of(overlaid([committed, own], [SPEED])) if "elu" in pair} == {
        ("tanh (runs)", "elu"),
        ("other", "elu"),
    }
    assert ("tanh", "elu") in arms_of(overlaid([own, committed], [SPEED]))


def test_a_run_repeated_on_another_processor_leaves_the_committed_pairs_in(tmp_path):
    committed, own = (tmp_path / name / "builtin" / "speed" for name in ("results", "runs"))
    speed_results(committed)
    for seed in range(3):
        record(own, SPEED, "relu", seed, fall(4, 8))
    for folder, processor in ((committed, "a"), (own, "b")):
        for path in (folder / "records").iterdir():
            about = json.loads(path.read_text()) | {"environment": {"processor": processor}}
            path.write_text(json.dumps(about))
    found = overlaid([committed, own], [SPEED])
    (pair,) = [one for one in found.judged if one.comparison.arm == "tanh" and one.comparison.primary]
    assert pair.effect.n == 3


def arms_of(found):
    return [(one.comparison.arm, one.comparison.baseline) for one in found.judged]
