import dataclasses
import math

import pytest

from alexnet_tf.results.columns import EFFECTS, SUMMARY
from experiments.evidence.effects import weakest
from experiments.evidence.read import evidence_of
from experiments.experiment import Comparison
from tests.experiments.made_up_results import POOLING, SPEED, fall, pooling_results, record, speed_results
from tests.experiments.tables_read_back import alter_record, effects, report, reported
from tests.tables import read_rows


def summary_of(folder):
    return {(row["arm"], row["metric"]): row for row in read_rows(folder / "summary.csv")}


def test_the_effects_of_a_ratio_equal_numbers_computed_by_hand(tmp_path):
    assert report(speed_results(tmp_path), SPEED) == []
    row, other = effects(tmp_path)
    assert tuple(row) == EFFECTS.names
    # log ratios of 6, 5, 7: mean 1.7824, std .16846, half width 4.3027 * .16846 / sqrt(3) = .41848
    ends = [float(row[name]) for name in ("effect", "ci_low", "ci_high")]
    assert ends == pytest.approx([math.exp(x) for x in (1.7824, 1.7824 - 0.4185, 1.7824 + 0.4185)], rel=1e-3)
    assert (row["n"], row["paper_effect"], row["verdict"]) == ("3", "6.0", "reproduced")
    names = ("arm", "n", "effect", "ci_low", "verdict", "direction", "size")
    assert [other[name] for name in names] == ["other", "0", "", "", "no pairs yet", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("verdicts", "of_claim"),
    [
        (["reproduced"], "reproduced"),
        (["reproduced", "direction confirmed, below s"], "direction confirmed, below s"),
        (["direction confirmed, below s", "direction confirmed, size open"], "direction confirmed, below s"),
        (["undecided", "opposite", "reproduced"], "opposite"),
        (["undecided", "not on the claimed side"], "not on the claimed side"),
        (["not on the claimed side", "no such effect"], "no such effect"),
        (["no pairs yet"], "no pairs yet"),
        (["reproduced", "no pairs yet"], "undecided"),
        ([], "no pairs yet"),
    ],
)
def test_a_claim_has_the_weakest_verdict(verdicts, of_claim):
    assert weakest(verdicts) == of_claim


def test_the_only_ensemble_of_an_arm_counts_as_one_value(tmp_path):
    arms = (dataclasses.replace(POOLING.arms[0], nets=3), dataclasses.replace(POOLING.arms[1], nets=2))
    experiment = dataclasses.replace(POOLING, arms=arms)
    _, table = reported(pooling_results(tmp_path), experiment)
    assert "| 0.500 (n = 1) |" in table
    summary = summary_of(tmp_path)
    of_three = summary["separate", "probe"]
    assert (of_three["n"], of_three["mean"], of_three["std"]) == ("1", "0.5", "")
    # Single runs have one value per seed, and so have the ensembles of two nets.
    assert summary["separate", "test_error"]["n"] == summary["overlapping", "probe"]["n"] == "3"
    # The ensemble of seed 7 has other nets than those of seeds 0 to 2, so every seed's value counts.
    record(tmp_path, experiment, "separate", 7, [0.9, 0.2], probe=0.4)
    report(tmp_path, experiment)
    assert summary_of(tmp_path)["separate", "probe"]["n"] == "4"


def test_the_effects_of_a_difference_equal_numbers_computed_by_hand(tmp_path):
    (error, gap), table = reported(pooling_results(tmp_path), POOLING)
    # -.4, -.5, -.3 points: mean -.4, std .1, half width 4.3027 * .1 / sqrt(3) = .24841
    assert float(error["effect"]) == pytest.approx(-0.004)
    assert float(error["ci_high"]) == pytest.approx(-0.004 + 0.0024841, abs=1e-7)
    assert error["verdict"] == "direction confirmed, size open"
    assert (error["smallest_effect"], error["primary"]) == ("-0.002", "true")
    assert (error["direction"], error["size"]) == ("claimed", "holds s")
    # The gaps are equal up to rounding, so there is no effect on the gap.
    assert float(gap["effect"]) == pytest.approx(0, abs=1e-15)
    assert (gap["verdict"], gap["primary"], gap["size"]) == ("no such effect", "false", "below s")
    assert "−0.40 points [−0.65, −0.15]" in table


def test_holm_corrects_for_all_comparisons_of_a_file(tmp_path):
    (alone, _), _ = reported(speed_results(tmp_path), SPEED)
    for seed in range(3):
        record(tmp_path, SPEED, "other", seed, fall(4, 8 + seed))
    both, _ = reported(tmp_path, SPEED)
    assert min(float(row["p_holm"]) for row in both) == pytest.approx(2 * float(alone["p_holm"]))


def test_the_summary_equals_numbers_computed_by_hand(tmp_path):
    report(speed_results(tmp_path), SPEED)
    summary = summary_of(tmp_path)
    row = summary["relu", "epochs_to_25"]
    assert tuple(row) == SUMMARY.names
    # 4, 5, 4: mean 4.3333, std .57735, half width 4.3027 / 3
    numbers = [float(row[name]) for name in ("mean", "std", "ci_high")]
    assert numbers == pytest.approx([13 / 3, 1 / math.sqrt(3), 13 / 3 + 4.302653 / 3], rel=1e-6)
    metrics = {metric for _, metric in summary}
    assert metrics == {"train_error", "test_error", "test_top5_error", "epochs_to_25"}


def test_censored_runs_count_and_give_a_bound(tmp_path):
    for seed, (tanh, message) in enumerate([(30, ""), (90, "> 40 epochs"), (90, "> 40 epochs")]):
        record(tmp_path, SPEED, "relu", seed, fall(4 + seed, 8))
        record(tmp_path, SPEED, "tanh", seed, fall(tanh, 40), message=message)
    (row, _), table = reported(tmp_path, SPEED)
    # ratios 30/4, > 40/5, > 40/6
    assert float(row["effect"]) == pytest.approx((7.5 * 8 * 40 / 6) ** (1 / 3))
    assert (row["n"], row["ci_low"], row["ci_high"], row["p_holm"]) == ("3", "", "", "")
    assert row["verdict"] == "undecided"
    assert "| 2 of 3 > 40; others 30.0 |" in table
    assert "| > 7.37× | 3 |" in table
    # A mean over the runs that reached the target would favour tanh.
    of_tanh = summary_of(tmp_path)["tanh", "epochs_to_25"]
    assert (of_tanh["n"], of_tanh["mean"]) == ("3", "")


def test_rows_of_different_precisions_are_not_paired(tmp_path):
    for seed in range(3):
        record(tmp_path, SPEED, "relu", seed, fall(4, 8))
        precision = "mixed_bfloat16" if seed == 1 else "float32"
        record(tmp_path, SPEED, "tanh", seed, fall(24, 30), precision=precision)
    (row, _), table = reported(tmp_path, SPEED)
    assert row["n"] == "2"
    assert "seed 1: tanh has the precision mixed_bfloat16, relu float32" in table


def test_runs_of_different_kinds_of_processors_are_not_paired(tmp_path):
    folder = speed_results(tmp_path)
    for arm, seed, processor in (("relu", 1, "A"), ("tanh", 1, "B"), ("relu", 2, "A")):
        alter_record(folder / f"records/speed-{arm}-{seed}.json", environment={"processor": processor})
    (row, _), table = reported(folder, SPEED)
    # Of seed 2 only one record names a processor, so its pair counts.
    assert row["n"] == "2"
    assert "seed 1: tanh was trained on B, relu on A" in table


def test_a_trial_with_fewer_epochs_is_no_further_pair(tmp_path):
    folder = speed_results(tmp_path)
    for arm in ("relu", "tanh"):
        config = SPEED.arm(arm).config.replace(epochs=1)
        record(folder, SPEED, arm, 3, fall(4, 1), config=config)
    (row, _), table = reported(folder, SPEED)
    assert row["n"] == "3"
    assert "seed 3: tanh was trained with epochs=1, other seeds with epochs=40" in table
    assert evidence_of(folder, SPEED).is_complete
    # Crashed runs of more epochs do not make the three finished pairs the exception.
    for arm in ("relu", "tanh"):
        config = SPEED.arm(arm).config.replace(epochs=80)
        for seed in range(3, 9):
            record(folder, SPEED, arm, seed, fall(4, 1), config=config, status="failed")
    assert reported(folder, SPEED)[0][0]["n"] == "3"


def test_a_trial_is_left_out_of_a_share_and_leaves_its_condition_incomplete(tmp_path):
    share = Comparison("overlapping", "chance", POOLING.metric("probe"), "share", None, 0.5, primary=True)
    shares = dataclasses.replace(POOLING, comparisons=(share,))
    for seed in range(3):
        config = shares.arm("overlapping").config.replace(epochs=1 if seed == 2 else 40)
        record(tmp_path, shares, "overlapping", seed, [0.9, 0.5], probe=0.01, config=config)
    evidence = evidence_of(tmp_path, shares)
    (judged,) = evidence.judged
    assert (judged.effect.n, judged.notes) == (
        2,
        ("seed 2: was trained with epochs=1, other seeds with epochs=40",),
    )
    assert not evidence.is_complete


def test_arms_with_different_epochs_are_not_paired_unless_so_declared(tmp_path):
    shorter = SPEED.arm("tanh").config.replace(epochs=30)
    for seed in range(3):
        record(tmp_path, SPEED, "relu", seed, fall(4, 8))
        record(tmp_path, SPEED, "tanh", seed, fall(24, 30), config=shorter)
    (row, _), table = reported(tmp_path, SPEED)
    assert row["n"] == "0"
    assert "tanh was trained with epochs=30 instead of 40" in table
    arms = (SPEED.arms[0], dataclasses.replace(SPEED.arms[1], config=shorter))
    (row, _), _ = reported(tmp_path, dataclasses.replace(SPEED, arms=(*arms, SPEED.arms[2])))
    assert row["n"] == "3"


def test_fewer_than_three_pairs_are_undecided(tmp_path):
    def reported_with(seed):
        record(tmp_path, SPEED, "relu", seed, fall(4, 8))
        record(tmp_path, SPEED, "tanh", seed, fall(24 + seed, 30))
        return reported(tmp_path, SPEED)

    (row, _), table = reported_with(seed=0)
    assert (row["n"], float(row["effect"]), row["ci_low"], row["ci_high"]) == ("1", pytest.approx(6), "", "")
    assert (row["p_holm"], row["verdict"]) == ("", "undecided")
    assert "| 6.00× | 1 |" in table
    (row, _), _ = reported_with(seed=1)
    assert float(row["ci_low"]) > 3
    assert (row["n"], row["verdict"]) == ("2", "undecided")


def test_a_diverged_run_never_reaches_the_target(tmp_path):
    folder = speed_results(tmp_path)
    record(folder, SPEED, "relu", 3, fall(4, 8))
    record(folder, SPEED, "tanh", 3, [0.9, 0.9], status="diverged", message="loss is not finite")
    (row, _), table = reported(folder, SPEED)
    # The diverged run counts as more than the 40 epochs of its config: ratios 6, 5, 7, > 40/4.
    assert float(row["effect"]) == pytest.approx((6 * 5 * 7 * 10) ** (1 / 4))
    assert (row["n"], row["ci_high"]) == ("4", "")
    assert "| 4 (1 diverged) |" in table


def test_a_ratio_leaves_out_a_run_that_diverged_at_once_and_has_no_record(tmp_path):
    folder = speed_results(tmp_path)
    record(folder, SPEED, "relu", 3, fall(4, 8))
    record(folder, SPEED, "tanh", 3, [0.9], status="diverged")
    (folder / "records" / "speed-tanh-3.json").unlink()
    (row, _), table = reported(folder, SPEED)
    assert (row["n"], row["verdict"]) == ("3", "reproduced")
    assert "seed 3: tanh has the limit 0, but a ratio needs positive values" in table


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_difference_leaves_out_failed_and_diverged_runs_and_reports_them(tmp_path, status):
    folder = pooling_results(tmp_path)
    record(folder, POOLING, "separate", 3, [0.9, 0.9], probe=None)
    record(folder, POOLING, "overlapping", 3, [0.9, 0.9], probe=None, status=status)
    rows, table = reported(folder, POOLING)
    assert [row["n"] for row in rows] == ["3", "3"]
    assert f"- test_error: seed 3: overlapping {status}" in table
    assert f"| 4 (1 {status}) |" in table
    assert summary_of(folder)["overlapping", "test_error"]["n"] == "3"
