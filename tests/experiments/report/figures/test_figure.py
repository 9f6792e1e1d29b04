"""What the panels of an experiment's figure show."""

import dataclasses

import pytest
from matplotlib.figure import Figure

from alexnet_tf.statistics.effects import UNDECIDED
from experiments.evidence.effects import activation_of
from experiments.evidence.read import evidence_of
from experiments.experiment import TEST_ERROR, Comparison
from experiments.report.figures.curves import collect, draw_all_arms, draw_pair, mean_curve
from experiments.report.figures.effects import draw_effects, effect_groups
from experiments.report.figures.figure import draw, finding
from experiments.report.figures.values import draw_values
from tests.experiments.made_up_results import (
    BASE,
    POOLING,
    PROBE,
    SPEED,
    fall,
    pooling_results,
    record,
    speed_results,
)


def evidence(folder, experiment):
    found = evidence_of(folder, experiment)
    return found, collect(found, experiment.figure), found.judged


def lines(axes, width=1.8):
    return [line for line in axes.lines if line.get_linewidth() == width]


def test_a_pair_looks_like_the_papers_figure(tmp_path):
    _, curves, judged = evidence(speed_results(tmp_path), SPEED)
    axes = Figure().add_subplot()
    draw_pair(axes, SPEED, judged[0], curves, [25.6, 4.3], ["tanh", "relu"], "a")
    tanh, relu = lines(axes)
    assert (tanh.get_linestyle(), relu.get_linestyle()) == ("--", "-")
    assert [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"] == [0.25]
    assert len(lines(axes, 0.6)) == 6
    texts = [text.get_text() for text in axes.texts]
    assert {"ReLU", "tanh"} <= set(texts)
    assert any(text.startswith("tanh / ReLU: 5.94× [") for text in texts)
    assert axes.get_title() == "(a) relu, in words"
    assert axes.get_xscale() == "log"


def test_mean_is_over_the_epochs_that_all_seeds_have(tmp_path):
    record(tmp_path, SPEED, "relu", 0, [0.9, 0.5, 0.3])
    record(tmp_path, SPEED, "relu", 1, [0.7, 0.3])
    _, curves, _ = evidence(tmp_path, SPEED)
    xs, ys = mean_curve(curves, "relu")
    assert xs.tolist() == [0, 1]
    assert ys.tolist() == pytest.approx([0.8, 0.4])


def test_curves_of_unfinished_runs_are_not_drawn(tmp_path):
    record(tmp_path, SPEED, "relu", 0, [0.9, 0.5])
    found = evidence_of(tmp_path, SPEED)
    more = [*found.curves, *({**point, "seed": 5} for point in found.curves)]
    curves = collect(dataclasses.replace(found, curves=more), "train_error")
    assert set(curves.by_arm["relu"]) == {0}


def test_an_arm_trained_otherwise_is_not_called_relu(tmp_path):
    record(tmp_path, SPEED, "relu", 0, fall(4, 8), config=BASE.replace(activation="elu"))
    found, curves, judged = evidence(tmp_path, SPEED)
    assert activation_of(SPEED, found.rows, found.records, "relu") == "elu"
    assert activation_of(SPEED, found.rows, {}, "relu") == "relu"
    axes = Figure().add_subplot()
    draw_pair(axes, SPEED, judged[0], curves, [None, None], ["tanh", "elu"])
    assert "ReLU" not in {text.get_text() for text in axes.texts}


def test_two_arms_have_two_colours(tmp_path):
    _, curves, _ = evidence(pooling_results(tmp_path), POOLING)
    axes = Figure().add_subplot()
    draw_all_arms(axes, POOLING, curves, list(curves.by_arm))
    separate, overlapping = lines(axes)
    assert separate.get_color() != overlapping.get_color()
    assert {text.get_text() for text in axes.texts} == {"separate", "overlapping"}


def test_pairs_of_arms_share_a_colour(tmp_path):
    names = [f"{name}{end}" for end in ("", "-b") for name in ("separate", "overlapping")]
    comparisons = tuple(
        Comparison(arm, baseline, TEST_ERROR, "difference", None, -0.1)
        for baseline, arm in (names[:2], names[2:])
    )
    experiment = dataclasses.replace(POOLING, comparisons=comparisons)
    for seed in range(2):
        for name in names:
            record(tmp_path, experiment, name, seed, [0.9, 0.5])
    _, curves, _ = evidence(tmp_path, experiment)
    axes = Figure().add_subplot()
    draw_all_arms(axes, experiment, curves, names)
    looks = [(line.get_color(), line.get_linestyle()) for line in lines(axes)]
    assert looks[0][0] == looks[1][0] != looks[2][0] == looks[3][0]
    assert [look[1] for look in looks] == ["--", "-", "--", "-"]


def test_effects_show_every_seed_the_interval_and_the_paper(tmp_path):
    _, _, judged = evidence(pooling_results(tmp_path), POOLING)
    (group,) = effect_groups(judged)
    axes = Figure().add_subplot()
    draw_effects(axes, group)
    smallest, _ = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert list(smallest.get_xdata()) == pytest.approx([-0.2, -0.2])
    shade, _ = axes.patches
    assert sorted([shade.get_x(), shade.get_x() + shade.get_width()]) == [axes.get_xlim()[0], 0]
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    assert sorted(dots.get_xdata()) == pytest.approx([-0.5, -0.4, -0.3])
    bar = next(line for line in axes.lines if line.get_linewidth() == 4)
    assert list(bar.get_xdata()) == pytest.approx([-0.4 - 0.24841, -0.4 + 0.24841], abs=1e-5)
    paper = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"]
    assert paper == pytest.approx([-0.4])
    assert axes.texts[0].get_text() == "−0.40 points\ndirection confirmed, size open"


def test_the_claims_comparison_is_bold_also_where_it_has_no_pairs_yet(tmp_path):
    comparisons = (
        dataclasses.replace(POOLING.comparisons[0], arm="other"),
        dataclasses.replace(POOLING.comparisons[0], primary=False),
        dataclasses.replace(POOLING.comparisons[0], arm="another", primary=False),
    )
    experiment = dataclasses.replace(POOLING, comparisons=comparisons)
    _, _, judged = evidence(pooling_results(tmp_path), experiment)
    (group,) = effect_groups(judged)
    axes = Figure().add_subplot()
    draw_effects(axes, group)
    # Comparisons that are not primary and have no pair are left out.
    assert [text.get_text() for text in axes.texts] == [
        "no pairs yet",
        "−0.40 points\ndirection confirmed, size open",
    ]
    assert [label.get_fontweight() for label in axes.get_yticklabels()] == ["bold", "normal"]
    assert len([line for line in axes.lines if line.get_linewidth() == 4]) == 1


def test_a_claim_on_overfitting_shows_the_training_error_beside_the_test_error(tmp_path):
    folder = pooling_results(tmp_path)
    found, curves, _ = evidence(folder, POOLING)
    training = collect(found, "train_error")
    axes = Figure().add_subplot()
    draw_all_arms(axes, POOLING, curves, list(curves.by_arm), late_epochs=True, training=training)
    for test, train in zip(lines(axes), lines(axes, 1.4), strict=True):
        assert (test.get_linestyle(), train.get_linestyle()) == ("-", "--")
        assert test.get_color() == train.get_color()
        assert train.get_ydata() == pytest.approx(test.get_ydata() - 0.05)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["test error", "training error"]
    assert axes.get_ylabel() == "error"
    # The last training error is within the limits.
    assert axes.get_ylim()[0] < 0.187


def test_only_a_claim_on_overfitting_shows_the_training_error(tmp_path, monkeypatch):
    folder = pooling_results(tmp_path)
    monkeypatch.setattr("experiments.report.figures.figure.encoded", lambda figure, formats: figure)
    gap = dataclasses.replace(POOLING.comparisons[1], primary=True)
    for experiment, shown in ((dataclasses.replace(POOLING, comparisons=(gap,)), True), (POOLING, False)):
        axes = draw(evidence_of(folder, experiment)).axes[0]
        assert (axes.get_legend() is not None) == shown


def values(tmp_path, experiment):
    axes = Figure().add_subplot()
    said = draw_values(axes, evidence_of(tmp_path, experiment))
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    means = [line.get_ydata()[0] for line in axes.lines if line.get_marker() != "o"]
    return said, dots, means


def test_seeds_without_a_partner_are_hollow_and_not_in_the_mean(tmp_path):
    compared = (dataclasses.replace(POOLING.comparisons[0], metric=PROBE),)
    experiment = dataclasses.replace(POOLING, comparisons=compared, figure="probe")
    for seed, probe in enumerate((0.1, 0.2, 0.9)):
        record(tmp_path, experiment, "overlapping", seed, [0.9, 0.5], probe=probe)
        if seed < 2:
            record(tmp_path, experiment, "separate", seed, [0.9, 0.5], probe=0.5)
    said, dots, means = values(tmp_path, experiment)
    assert said.startswith("Hollow: seeds without a partner")
    assert [line.get_fillstyle() for line in dots] == ["full"] * 4 + ["none"]
    assert means == pytest.approx([0.5, 0.15])


def test_one_ensemble_of_all_nets_is_one_dot(tmp_path):
    arms = (POOLING.arms[0], dataclasses.replace(POOLING.arms[1], nets=3))
    experiment = dataclasses.replace(POOLING, figure="probe", arms=arms)
    said, dots, means = values(pooling_results(tmp_path), experiment)
    assert said == "overlapping: one ensemble, whichever the seed."
    assert (len(dots), means) == (4, [0.5, 0.5])


def test_an_open_interval_is_an_arrow(tmp_path):
    for seed in range(2):
        record(tmp_path, SPEED, "relu", seed, fall(4, 8))
        record(tmp_path, SPEED, "tanh", seed, fall(90, 40))
    _, _, judged = evidence(tmp_path, SPEED)
    axes = Figure().add_subplot()
    draw_effects(axes, judged[:1])
    assert not [line for line in axes.lines if line.get_linewidth() == 4]
    assert any(text.arrow_patch for text in axes.texts if hasattr(text, "arrow_patch"))


def test_the_title_is_the_finding(tmp_path):
    _, _, judged = evidence(speed_results(tmp_path), SPEED)
    assert finding(SPEED, judged, "builtin") == "Reproduced on builtin: ReLU is faster than tanh"
    bound = dataclasses.replace(judged[0], verdict=UNDECIDED)
    assert finding(SPEED, [bound], "builtin") == "Undecided on builtin: ReLU is faster than tanh"
    assert finding(SPEED, [judged[0], bound], "builtin") == (
        "Undecided (its comparisons differ) on builtin: ReLU is faster than tanh"
    )
    none = dataclasses.replace(
        judged[0], effect=dataclasses.replace(judged[0].effect, n=0), verdict="no pairs yet"
    )
    assert finding(SPEED, [none], "builtin").startswith("No pairs yet on builtin: ")


def test_both_formats(tmp_path):
    content = draw(evidence_of(pooling_results(tmp_path), POOLING))
    assert content["png"].startswith(b"\x89PNG")
    assert b"<svg" in content["svg"]
    assert b"<dc:date>" not in content["svg"]
