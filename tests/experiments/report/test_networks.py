"""README's table of trained networks comes from their scores and descriptions."""

import json

import pytest

from alexnet_tf.commands.scores import record_scores
from alexnet_tf.training.evaluate import Scores
from experiments.report.networks import networks_table, scored_networks, write_networks


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results" / "pets" / "alexnet"
    folder.mkdir(parents=True)
    about = {"scores": {"epoch": 60}, "config": {"precision": "float32"}}
    (folder / "model.json").write_text(json.dumps(about))
    for views, error in ((1, 0.5), (10, 0.475)):
        scores = Scores(1.0, error, error / 2, 400)
        record_scores(folder / "scores.csv", scores, [folder], "folder:pets", views)
    return tmp_path / "results"


def test_a_line_for_each_number_of_views(results):
    lines = networks_table(scored_networks(results)[0]).splitlines()[2:]
    link = "[alexnet](results/pets/alexnet/)"
    assert lines == [
        f"| pets | {link} | 60 | 1 | 400 | 50.0% | 75.0% | float32 |",
        f"| pets | {link} | 60 | 10 | 400 | 52.5% | 76.2% | float32 |",
    ]


def test_nothing_where_nothing_is_trained(tmp_path):
    assert networks_table(scored_networks(tmp_path)[0]) == ""


@pytest.mark.parametrize("content", ["", "[]", '{"scores": {}}', '{"scores": {"epoch": 1}}'])
def test_a_damaged_description_is_named(results, content):
    path = results / "pets" / "alexnet" / "model.json"
    path.write_text(content)
    found, (problem,) = scored_networks(results)
    assert found == []
    assert problem.startswith(f"{path}: expected the description of a trained network; received ")


def test_readme_changes_between_the_markers_only(results, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- networks -->\nold\n<!-- /networks -->\nafter\n")
    write_networks(readme, networks_table(scored_networks(results)[0]))
    table = networks_table(scored_networks(results)[0])
    assert readme.read_text() == f"before\n<!-- networks -->\n\n{table}\n\n<!-- /networks -->\nafter\n"
