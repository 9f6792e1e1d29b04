import dataclasses
import re

import pytest

from experiments import EXPERIMENTS
from experiments.claims.common import CIFAR
from experiments.evidence.claims import claims_of, weakest_of
from experiments.evidence.read import evidence_of, read_evidence
from experiments.experiment import Metric
from experiments.report.claims_page import claims_page
from experiments.report.readme import claims_table
from experiments.report.write import write_all
from tests.experiments.made_up_results import BOTH_PRIMARY, POOLING, SPEED, fall, pooling_results, record
from tests.experiments.tables_read_back import alter_record
from tests.in_text import items, numbers

UNTRIED = dataclasses.replace(SPEED, name="untried", claim="C9", statement="Nobody has tried.", scale="small")


def page_of(root, *experiments):
    return claims_page(read_evidence(root, experiments), experiments)


def line_of(page, claim):
    """The cells of a claim's row in the table of verdicts."""
    (line,) = [line for line in page.splitlines() if line.startswith(f"| [{claim}](#{claim.lower()}) |")]
    return line.strip("| ").split(" | ")[1:]


def section_of(page, claim):
    return page.split(f"\n## {claim}\n")[1].split("\n## ")[0]


def test_a_line_has_statement_verdict_effects_scale_and_cost(root):
    page = page_of(root, SPEED, dataclasses.replace(POOLING, scale="two layers"))
    statement, verdict, direction, size, ours, paper, scale, cost = line_of(page, "C4")
    assert (statement, verdict) == (POOLING.statement, "**direction confirmed, size open**")
    assert (direction, size, scale) == ("claimed", "holds s = −0.2 points", "two layers")
    assert ours == "test error, `overlapping` − `separate`: −0.40 points [−0.65, −0.15]"
    # Each net took ten seconds.
    assert (paper, cost) == ("−0.4 points, inside", "6 nets, 60 seconds")
    assert line_of(page, "C1")[1] == "**reproduced**"


@pytest.mark.parametrize("papers", [(-0.004, -0.01), (None, None)])
@pytest.mark.parametrize("step", [1, -1])
def test_of_comparisons_with_equal_verdicts_the_least_favourable_is_shown(tmp_path, papers, step):
    # The effect is -.40 points [-.65, -.15]. For s = -.3 points the verdict is the same as for s = -.2, but
    # the effect is a smaller multiple of s, and the paper's -1 point is outside the interval.
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    tied = tuple(
        dataclasses.replace(POOLING.comparisons[0], paper_effect=paper, smallest_effect=s)
        for paper, s in zip(papers, (-0.002, -0.003), strict=True)
    )
    experiment = dataclasses.replace(POOLING, comparisons=tied[::step])
    assert len({one.verdict for one in evidence_of(folder, experiment).judged}) == 1
    (claim,) = claims_of(read_evidence(tmp_path, [experiment]), [experiment])
    assert weakest_of(claim).comparison.smallest_effect == -0.003


def test_a_primary_comparison_without_pairs_stands_beside_the_verdict_that_it_causes(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    missing = dataclasses.replace(POOLING.comparisons[0], metric=Metric("missing", "missing", "fraction"))
    experiment = dataclasses.replace(POOLING, comparisons=(POOLING.comparisons[0], missing))
    assert [one.verdict for one in evidence_of(folder, experiment).judged][1] == "no pairs yet"
    (claim,) = claims_of(read_evidence(tmp_path, [experiment]), [experiment])

    assert (claim.verdict, weakest_of(claim).comparison) == ("undecided", missing)


def test_a_section_has_conditions_reasons_notes_and_runs(root):
    explained = dataclasses.replace(BOTH_PRIMARY, reasons=("It is the weather.",), earlier_verdict="once so")
    section = section_of(page_of(root, SPEED, explained), "C4")
    assert "**No such effect.**" in section
    lines = [line for line in section.splitlines() if "(primary)" in line]
    assert lines[0].startswith("| [pooling](builtin/pooling/table.md) on builtin (decides the claim) | ")
    # -.4, -.5, -.3 points: t = .4 / (.1 / sqrt 3) = 6.93, two degrees of freedom: p = 1 - t / sqrt(t^2 + 2)
    # = .0202.
    assert "| −0.2 points | −0.4 points | −0.40 points [−0.65, −0.15] | 3 | 0.0" in lines[0]
    assert lines[0].endswith("| direction confirmed, size open | once so |")
    assert lines[1].endswith("| no such effect |  |")
    assert items(section, "Reasons") == ["It is the weather."]
    assert items(section, "Notes")[0] == "A note of the experiment."
    assert "`separate` [0](builtin/pooling/records/pooling-separate-0.json), [1](" in section
    elsewhere = page_of(root, dataclasses.replace(explained, dataset="cifar10"))
    assert not [text for text in ("weather", "A note of", "once so") if text in elsewhere]


def test_missing_pairs_are_told_even_if_the_condition_decides(root):
    arms = tuple(dataclasses.replace(arm, seeds=(0, 1, 2, 3)) for arm in POOLING.arms)
    section = section_of(page_of(root, SPEED, dataclasses.replace(POOLING, arms=arms)), "C4")
    assert "on builtin (decides the claim), incomplete | " in section


def test_holm_corrects_over_the_primary_comparisons_of_all_claims(root):
    # Holm doubles the smaller p value (C1: .0030) and keeps the larger (C4: .0202).
    page = page_of(root, SPEED, POOLING, UNTRIED)
    assert "| 3 | 0.006 | reproduced |" in section_of(page, "C1")
    assert "| 3 | 0.020 | direction confirmed" in section_of(page, "C4")
    alone = evidence_of(root / "builtin" / "speed", SPEED).judged[0]
    assert alone.p_holm == pytest.approx(alone.effect.p)


def test_experiments_not_run_are_listed_with_the_reason(root):
    for precision in ("mixed_bfloat16", "float32"):
        page = page_of(root, SPEED, dataclasses.replace(UNTRIED, precision=precision))
        assert line_of(page, "C9")[1:3] == ["**no pairs yet**", "–"]
        (item,) = items(section_of(page, "C9"), "Declared, not run")
        assert item.startswith("`untried` (small): Nobody has tried.")
        assert ("mixed_bfloat16" in item) == (precision == "mixed_bfloat16")


def test_an_undecided_claim_says_how_many_pairs_would_decide(tmp_path):
    for seed, change in enumerate((-0.01, 0.004, -0.003)):
        for arm, error in (("separate", 0.3), ("overlapping", 0.3 + change)):
            record(tmp_path / "builtin" / "pooling", POOLING, arm, seed, [0.9, error])
    # A crashed run has no training time, and that of an interrupted run is not the time of a whole one.
    for seed, seconds in ((3, None), (4, 0.1), (5, 0.1), (6, 0.1)):
        failed = {"status": "failed", "epochs": 0, "seconds": seconds}
        record(tmp_path / "builtin" / "pooling", POOLING, "separate", seed, [0.9], **failed)
    own = dataclasses.replace(POOLING.comparisons[0], paper_effect=None)
    for comparison in (POOLING.comparisons[0], own):
        experiment = dataclasses.replace(POOLING, comparisons=(comparison,))
        (item,) = items(section_of(page_of(tmp_path, experiment), "C4"), "Pairs that would decide")
        # -1, +.4, -.3 points: std .7. For 80% power at -.4 points, the normal distribution gives
        # (2.8 * .7 / .4)^2 = 24 pairs, the t distribution 27. There are 3 pairs, so 24 more are needed: at
        # 20 seconds each, 8 minutes.
        assert numbers(item) == [27, 80, -0.4, 24, 8]
        assert ("paper" in item, "twice *s*" in item) == (comparison != own, comparison == own)


def test_shared_nets_processors_and_later_changes_stand_first(root):
    path = root / "builtin" / "pooling" / "runs.csv"
    path.write_text(path.read_text().replace(",overlapping1,", ",relu1,"))
    alter_record(root / "builtin/speed/records/speed-tanh-0.json", environment={"processor": "Zen"})
    changed = dataclasses.replace(POOLING, disclosures=("One arm was deleted.",))
    first = page_of(root, SPEED, changed).split("## Verdicts")[0]
    shared, adjusted, processors, _ = items(first, "Before you rely on a verdict")
    assert "of the 11 nets behind the verdicts, C1 and C4 share 1." in shared
    assert adjusted == "The intervals are not adjusted for the number of comparisons."
    assert shared.endswith("All conditions on this page use 11 nets.")
    # One net was trained on Zen. The other 10 of the 11 nets name no processor; they are in 6 of 6 pairs.
    assert numbers(processors) == [1, 10, 11, 6, 6]
    assert "Zen" in processors
    assert "  - C4, pooling: One arm was deleted." in first


def test_nets_at_rate_0_are_not_counted_as_trained(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    before = page_of(tmp_path, POOLING)
    still = POOLING.arm("separate").config.replace(learning_rate=0.0)
    for seed in range(3, 6):
        record(folder, POOLING, "separate", seed, [0.9, 0.9], config=still)
    page = page_of(tmp_path, POOLING)
    assert line_of(page, "C4")[-1] == line_of(before, "C4")[-1] == "6 nets, 60 seconds"
    parts = [text.split("## At a glance")[1].split("## The rule")[0] for text in (page, before)]
    assert parts[0] == parts[1]
    assert "net on builtin, 6 nets |" in parts[0]


def test_kernels_of_removed_convolutions_are_not_counted(tmp_path):
    for seed, without in enumerate(((), (3,))):
        config = CIFAR.replace(without=without)
        folder = tmp_path / "builtin" / "pooling"
        record(folder, POOLING, "separate", seed, [0.9], epochs=1, config=config, model="AlexNetConfig")
    # A quarter of 992 and of 736 kernels; the paper has 1,376.
    assert "| AlexNet on builtin, 2 nets | 13% to 18% of the paper's |" in page_of(tmp_path, POOLING)


def test_shares_are_pooled_over_the_conditions(tmp_path):
    p_value = dataclasses.replace(POOLING.metrics[1], share_title="share of nets that differ")
    share = dataclasses.replace(
        POOLING.comparisons[0], metric=p_value, kind="share", baseline="chance", smallest_effect=0.5
    )
    first = dataclasses.replace(POOLING, comparisons=(share,))
    experiments = [first, dataclasses.replace(first, name="pooling-2")]
    for experiment in experiments:
        folder = tmp_path / "builtin" / experiment.name
        for seed, p in enumerate((0.01, 0.05, 0.06)):
            hashed = f"{experiment.name}{seed}" if seed else "the same net"
            record(folder, experiment, "overlapping", seed, [0.9, 0.3], probe=p, config_hash=hashed)
    page = page_of(tmp_path, *experiments)
    (pooled,) = [line for line in page.splitlines() if line.startswith("Pooled")]
    # The conditions share the net with p = .01, so p <= .05 for 3 of 5 nets: 60%, with the Clopper-Pearson
    # interval [14.7%, 94.7%].
    assert numbers(pooled)[:6] == [3, 5, 0.05, 60, 14.7, 94.7]
    assert line_of(page, "C4")[4] == "share of nets that differ: 66.7% [9.43%, 99.2%]"
    assert "chance" not in page.split("## The rule")[0]
    readme = claims_table(read_evidence(tmp_path, experiments), experiments)
    assert "| share of nets that differ: 66.7% [9.43%, 99.2%] |" in readme


def test_a_bound_has_no_p_value(root):
    record(root / "builtin" / "speed", SPEED, "relu", 3, fall(4, 8))
    record(root / "builtin" / "speed", SPEED, "tanh", 3, fall(90, 40))
    page = page_of(root, SPEED, POOLING)
    assert "| 4 |  | undecided |" in section_of(page, "C1")
    (item,) = items(section_of(page, "C1"), "Pairs that would decide")
    # The only number is the target, 25%; no number of pairs is given.
    assert numbers(item) == [25]
    assert "bound" in item
    assert "| 3 | 0.020 |" in section_of(page, "C4")


def test_every_link_has_a_target_and_the_page_repeats_byte_for_byte(root, monkeypatch):
    for name in ("figure.draw", "forest.draw_forest"):
        monkeypatch.setattr(f"experiments.report.figures.{name}", lambda *_, **__: {"png": b"", "svg": b""})
    write_all(root, [SPEED, BOTH_PRIMARY])
    page = (root / "claims.md").read_text()
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert len(targets) > 10
    titles = {f"#{title.lower().replace(' ', '-')}" for title in re.findall("^## (.+)$", page, re.MULTILINE)}
    assert all(target in titles or (root / target).is_file() for target in targets)
    write_all(root, [SPEED, BOTH_PRIMARY], figures=False)
    assert (root / "claims.md").read_text() == page == page_of(root, SPEED, BOTH_PRIMARY)


def test_a_record_that_is_not_there_has_no_link(root):
    (root / "builtin" / "pooling" / "records" / "pooling-separate-1.json").unlink()
    page = page_of(root, SPEED, BOTH_PRIMARY)
    assert "`separate` [0](builtin/pooling/records/pooling-separate-0.json), 1 (no record), [2](" in page
    assert "pooling-separate-1.json)" not in page


def test_every_claim_of_the_paper_has_one_line(tmp_path):
    page = page_of(tmp_path, *EXPERIMENTS)
    assert all(line_of(page, f"C{number}") for number in range(1, 15))
    # A question of our own has no line if it has no rows.
    assert "[lrn-form]" not in page


def test_unreadable_folders_are_listed(root):
    with open(root / "builtin" / "speed" / "runs.csv", "a") as file:
        file.write("speed-relu-3,speed,relu")
    page = page_of(root, SPEED, POOLING)
    assert "Problems:\n\n- builtin/speed/runs.csv:8: expected 23 fields" in page
    assert str(root) not in page


def test_effects_that_are_not_significant_once_adjusted_are_named(root):
    # The p value is .02, adjusted over three comparisons .06.
    many = tuple(dataclasses.replace(POOLING.comparisons[0], smallest_effect=-0.001 * s) for s in (1, 2, 3))
    text = page_of(root, dataclasses.replace(POOLING, comparisons=many))
    (adjusted,) = [line for line in items(text, "Before you rely on a verdict") if "not adjusted" in line]
    assert "p exceeds 0.05 for a primary effect of C4," in adjusted


def test_two_runs_of_one_net_are_no_pair_of_processors(tmp_path):
    folder = pooling_results(tmp_path / "builtin" / "pooling")
    path = folder / "runs.csv"
    path.write_text(path.read_text().replace(",separate0,", ",overlapping0,"))
    assert "for 2 of the 2 pairs of different nets" in page_of(tmp_path, POOLING)
