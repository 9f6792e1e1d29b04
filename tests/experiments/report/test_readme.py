import pytest

from alexnet_tf.commands.scores import record_scores
from alexnet_tf.training.evaluate import Scores
from experiments.evidence.read import read_evidence
from experiments.report import readme
from tests.experiments.made_up_results import POOLING, SPEED, fall, record, speed_results
from tests.experiments.report.test_paper_tables import scored
from tests.in_text import numbers


def table_of(results, *experiments):
    return readme.claims_table(read_evidence(results, experiments), experiments)


def test_the_table_has_a_line_for_each_claim(tmp_path):
    speed_results(tmp_path / "builtin" / "speed")
    _, _, c1, c4 = table_of(tmp_path, SPEED, POOLING).splitlines()
    link, ours = "[C1](results/claims.md#c1)", "epochs to 25%: 5.94× [3.91, 9.03] | 6× | –"
    assert c1 == f"| {link} | ReLU is faster than tanh. | reproduced | {ours} |"
    assert c4.endswith("| no pairs yet | – | – | – |")


def test_a_single_pair_and_a_bound_are_marked_as_such(tmp_path):
    # ReLU needs 4 epochs; tanh does not reach the target in 40.
    for seed in range(5):
        for arm, epochs in (("relu", 4), ("tanh", 90)):
            record(tmp_path / "builtin" / "speed", SPEED, arm, seed, fall(epochs, 40))
        if seed == 0:
            assert "| undecided | epochs to 25%: one pair, no interval | 6× |" in table_of(tmp_path, SPEED)
    assert "| reproduced | epochs to 25%: > 10.0× [10.0, ∞) | 6× |" in table_of(tmp_path, SPEED)


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results" / "pets" / "alexnet"
    scored(folder)
    record_scores(folder / "scores.csv", Scores(1.0, 0.475, 0.2375, 400), [folder], "folder:pets", 10)
    return tmp_path / "results"


def test_the_table_has_a_line_for_each_number_of_views(results):
    begin = "| pets | [alexnet](results/pets/alexnet/) | 60 |"
    assert readme.networks_table(readme.scored_networks(results)[0]).splitlines()[2:] == [
        f"{begin} 1 | 400 | 50.0% | 75.0% | float32 |", f"{begin} 10 | 400 | 52.5% | 76.2% | float32 |"
    ]  # fmt: skip
    assert readme.networks_table([]) == ""


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ("", ""),
        ("[]", ""),
        ("{}", "one without 'scores'"),
        ('{"scores": {}}', "one without 'epoch'"),
        ('{"scores": {"epoch": 1}}', "one without 'config'"),
    ],
)
def test_a_damaged_description_is_named(results, content, received):
    path = results / "pets" / "alexnet" / "model.json"
    path.write_text(content)
    found, (problem,) = readme.scored_networks(results)
    assert found == []
    assert problem.startswith(f"{path}: expected the description of a trained network; received {received}")


def test_the_accuracies_of_the_article_stand_beside_ours(tmp_path):
    assert readme.article_table([]) == ""
    about = {"config": {"model": {"width": 0.25}}, "scores": {"train_error": 0.125}}
    row = {"views": "1", "top1_error": "0.75", "examples": "400"}
    network = readme.ScoredNetwork(tmp_path / readme.ARTICLE_NET, about, row)
    other = readme.ScoredNetwork(tmp_path / "alexnet", about, row)
    *_, article, ours = readme.article_table([network, other]).splitlines()
    assert numbers(article) == [1, 81.82, 462, 23.53, 51]
    assert numbers(ours) == [0.25, 87.5, 25, 400]
