import json

import pytest

from alexnet_tf.commands.scores import record_scores
from alexnet_tf.training.evaluate import Scores
from experiments.claims import ensemble, views
from experiments.evidence.paper import FIVE_CNNS, ONE_CNN, TABLE_1
from experiments.evidence.read import read_evidence
from experiments.report.paper_tables import paper_tables
from experiments.report.readme import scored_networks
from experiments.report.write import write_all
from tests.experiments.made_up_results import POOLING, pooling_results, record

ERRORS = {"one": (0.50, 0.53, 0.52), "ten": (0.47, 0.51, 0.49), "five": (0.45, 0.45, 0.45)}


def averaged(root, experiment):
    """Records three seeds of each arm of the experiment that is in `ERRORS`."""
    folder = root / "tiny_imagenet100" / experiment.name
    for arm in experiment.arms:
        for seed, error in enumerate(ERRORS.get(arm.name, ())):
            values = {"averaged_error": error, "averaged_top5_error": error / 2}
            record(folder, experiment, arm.name, seed, [0.9, 0.5], **values)


def scored(folder, **config):
    """Writes the description and the scores of a trained network."""
    folder.mkdir(parents=True)
    about = {"scores": {"epoch": 60}, "config": {"precision": "float32", **config}}
    (folder / "model.json").write_text(json.dumps(about))
    record_scores(folder / "scores.csv", Scores(1.0, 0.5, 0.25, 400), [folder], "folder:pets", 1)


def page(root):
    networks, problems = scored_networks(root)
    return paper_tables(networks, read_evidence(root, [views.EXPERIMENT, ensemble.EXPERIMENT]), problems)


def ours(text):
    return [line for line in text.splitlines() if line.startswith("| ours |")]


def test_the_tables_have_the_papers_numbers(tmp_path):
    assert [line for line in page(tmp_path).splitlines() if line.startswith("| paper | ")] == [
        "| paper | Sparse coding | ILSVRC-2010, test | 47.1% | 28.2% |",
        "| paper | SIFT + FVs | ILSVRC-2010, test | 45.7% | 25.7% |",
        "| paper | CNN | ILSVRC-2010, test | 37.5% | 17.0% |",
        "| paper | SIFT + FVs | ILSVRC-2012 | – | – | 26.2% |",
        "| paper | 1 CNN | ILSVRC-2012 | 40.7% | 18.2% | – |",
        "| paper | 5 CNNs | ILSVRC-2012 | 38.1% | 16.4% | 16.4% |",
        "| paper | 1 CNN* | ILSVRC-2012 | 39.0% | 16.6% | – |",
        "| paper | 7 CNNs* | ILSVRC-2012 | 36.7% | 15.4% | 15.3% |",
    ]


def test_the_declared_paper_effects_follow_from_the_papers_tables():
    top1, top5 = (one.paper_effect for one in ensemble.EXPERIMENT.comparisons if one.primary)
    assert top1 == pytest.approx(FIVE_CNNS.top1 - ONE_CNN.top1)
    assert top5 == pytest.approx(FIVE_CNNS.top5 - ONE_CNN.top5)
    # Section 4.1: the errors without the ten patches are 39.0% and 18.3%.
    top1, top5 = (one.paper_effect for one in views.EXPERIMENT.comparisons if one.primary)
    assert top1 == pytest.approx(TABLE_1[-1].top1 - 0.390)
    assert top5 == pytest.approx(TABLE_1[-1].top5 - 0.183)


def test_our_errors_are_means_over_nets(tmp_path):
    averaged(tmp_path, views.EXPERIMENT)
    averaged(tmp_path, ensemble.EXPERIMENT)
    link = "[ablation-views](tiny_imagenet100/ablation-views/table.md)"
    # .50, .53, .52: mean .5167, std .015275, half width of the interval 4.3027 * .015275 / sqrt(3) = .03795
    single, ten, *of_ensembles = ours(page(tmp_path))
    assert single == f"| ours | {link}, 1 view | tiny_imagenet100 | 51.7% ± 3.8% | 25.8% ± 1.9% |"
    assert ten.startswith(f"| ours | {link}, 10 views |")
    link = "[ablation-ensemble](tiny_imagenet100/ablation-ensemble/table.md)"
    assert of_ensembles == [
        f"| ours | {link}, 1 CNN | tiny_imagenet100 | 51.7% ± 3.8% | 25.8% ± 1.9% | – |",
        # All seeds have the same ensemble, hence the same error, so there is no interval.
        f"| ours | {link}, 5 CNNs | tiny_imagenet100 | 45.0% | 22.5% | – |",
    ]


def test_our_differences_stand_beside_the_papers_differences(tmp_path):
    averaged(tmp_path, ensemble.EXPERIMENT)
    text = page(tmp_path)
    # `five` - `one` is -5, -8, -7 points: mean -6.67, half width 4.3027 * 1.5275 / sqrt(3) = 3.79
    said = "| −2.6 points | −6.67 points [−10.46, −2.87] | reproduced |"
    compared = f"| `five` − `one` | {ensemble.EXPERIMENT.name} | tiny_imagenet100 | test error, averaged "
    assert compared + said in text
    assert "`ten`" not in text


def test_the_page_says_if_there_are_no_runs_of_ours(tmp_path):
    pooling_results(tmp_path / "builtin" / "pooling")
    text = page(tmp_path)
    assert ours(text) == []
    trained, averaged_nets = [line for line in text.splitlines() if line.startswith("Ours: no ")]
    assert "ablation-ensemble" not in trained
    assert "ablation-ensemble" in averaged_nets
    assert "Differences between errors stand beside the\npaper's" in text


def test_a_damaged_table_of_scores_is_reported_and_the_rest_written(tmp_path, capsys):
    results = tmp_path / "results"
    pooling_results(results / "builtin" / "pooling")
    for name in ("good", "bad"):
        scored(results / "pets" / name)
    with open(results / "pets" / "bad" / "scores.csv", "a") as file:
        file.write("1\n")
    readme = tmp_path / "README.md"
    marked = "<!-- {0} -->\nold {0}\n<!-- /{0} -->\n"
    readme.write_text("".join(marked.format(name) for name in ("glance", "claims", "networks")))

    write_all(results, [POOLING], figures=False)

    problem = "pets/bad/scores.csv:3: expected 8 fields; received 1"
    assert f"WARNING: {results}/{problem}" in capsys.readouterr().err
    text = (results / "tables.md").read_text()
    assert "not the paper's" not in text
    assert f"Problems:\n\n- {problem}" in text
    assert ours(text) == ["| ours | [good](pets/good/), 1 view | pets | 50.0% | 25.0% |"]
    assert (results / "claims.md").exists()
    assert "old claims" not in readme.read_text()
    assert "old networks" in readme.read_text()

    (results / "pets" / "bad" / "model.json").write_text("[]")
    write_all(results, [POOLING], figures=False)
    assert "WARNING: " in capsys.readouterr().err
    text = (results / "tables.md").read_text()
    assert "Problems:\n\n- pets/bad/model.json: expected the description of" in text


def test_networks_of_other_kinds_have_a_table_of_their_own(tmp_path):
    for name, kind in (("wide", "AlexNetConfig"), ("small", "MnistCnnConfig")):
        scored(tmp_path / "pets" / name, model={"kind": kind})
    papers, others = page(tmp_path).split("## Networks that are not the paper's")
    assert ["pets/wide" in line for line in ours(papers)] == [True]
    assert ["pets/small" in line for line in ours(others)] == [True]


def test_a_damaged_curve_of_a_network_does_not_stop_the_report(tmp_path, capsys, monkeypatch):
    for name in ("figure.draw", "forest.draw_forest"):
        monkeypatch.setattr(f"experiments.report.figures.{name}", lambda *_, **__: {"png": b"", "svg": b""})
    results, curve = tmp_path / "results", tmp_path / "results" / "pets" / "net" / "curve.csv"
    pooling_results(results / "builtin" / "pooling")
    scored(curve.parent)
    curve.write_text("epoch\n")
    readme = tmp_path / "README.md"
    readme.write_text(
        "".join(f"<!-- {name} --><!-- /{name} -->" for name in ("glance", "claims", "networks"))
    )

    written = write_all(results, [POOLING])

    assert f"WARNING: {curve}: expected" in capsys.readouterr().err
    assert readme in written
    assert not curve.with_suffix(".png").exists()
