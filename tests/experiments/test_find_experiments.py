import sys
from types import ModuleType

import pytest

from alexnet_tf.runtime.errors import InputError
from experiments import EXPERIMENTS, find_experiments

HEADER = "from dataclasses import replace\nfrom tests.experiments.made_up_results import EPOCHS, POOLING\n"
OWN = "replace(POOLING, name={!r}, claim={!r})"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that creates an importable package of modules with the given contents."""

    def make(**modules: str) -> ModuleType:
        name = f"claims_of_{tmp_path.name}"
        (tmp_path / name).mkdir()
        for module, text in {"__init__": "", **modules}.items():
            (tmp_path / name / f"{module}.py").write_text(text)
        return __import__(name)

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in [name for name in sys.modules if name.startswith(f"claims_of_{tmp_path.name}")]:
        del sys.modules[name]


def declared(*names: tuple[str, str]) -> str:
    return f"{HEADER}EXPERIMENTS = ({''.join(OWN.format(*each) + ', ' for each in names)})\n"


def test_claims_are_ordered_by_number_and_our_own_questions_by_name(package):
    found = find_experiments(
        package(
            a=declared(("tenth", "C10"), ("zeal", "zeal")),
            b=declared(("second", "C2"), ("also-second", "C2")),
            c=f"{HEADER}EXPERIMENT = {OWN.format('ask', 'ask')}\n",
            common="EXPERIMENT = 'not looked at'\n",
        )
    )
    assert [each.name for each in found] == ["second", "also-second", "tenth", "ask", "zeal"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("arms=POOLING.arms[:1] * 2", "arms: .* received separate, separate"),
        ("arms=POOLING.arms[:1]", "comparisons: .*arms separate; received 'overlapping'"),
        ("arms=(replace(POOLING.arms[0], grid=(0.01,)), *POOLING.arms[1:])", "separate: grid: .*0.01"),
        ("comparisons=(replace(FIRST, baseline='separat'),)", "received 'separat'; did you mean 'separate'"),
        ("comparisons=(replace(FIRST, metric=EPOCHS),)", "metrics .*gap.* received 'epochs_to_25'"),
        ("comparisons=(replace(FIRST, smallest_effect=0.0),)", "smallest_effect: .*difference other than 0"),
        ("comparisons=(replace(FIRST, kind='ratio'),)", "smallest_effect: .*1, and > 0; received -0.002"),
        (
            "comparisons=(replace(FIRST, smallest_effect=0.002),)",
            "paper_effect: .*side of 0 .*; received -0.004",
        ),
        ("figure='loss'", "figure: .*train_loss; received 'loss'"),
        ("objective='epochs_to_target', metrics=POOLING.metrics[1:], comparisons=()", "received probe"),
    ],
)
def test_a_fault_of_a_declaration_is_found_before_training(package, change, words):
    made = package(a=f"{HEADER}FIRST = POOLING.comparisons[0]\nEXPERIMENT = replace(POOLING, {change})\n")
    with pytest.raises(InputError, match=f"/a.py: pooling: .*{words}"):
        find_experiments(made)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("EXPERIMENT = POOLING\nEXPERIMENTS = (replace(POOLING, name='x'),)", "expected EXPERIMENT in EXPER"),
        ("EXPERIMENTS = 3", "received 3;"),
    ],
)
def test_a_file_that_would_drop_an_experiment_or_lists_none_is_refused(package, code, words):
    with pytest.raises(InputError, match=f"/a.py: .*{words}"):
        find_experiments(package(a=f"{HEADER}{code}\n"))


def test_claims_are_in_the_order_of_the_paper():
    claims = [each.claim for each in EXPERIMENTS if each.is_of_paper]
    assert list(dict.fromkeys(claims)) == [f"C{number}" for number in range(1, 15)]
    names = [each.name.removeprefix("ablation-") for each in EXPERIMENTS]
    assert names[:4] == ["relu", "relu-rate", "towers-trained", "towers"]


def test_a_metric_is_declared_once_and_has_a_range():
    metrics = {metric for each in EXPERIMENTS for metric in each.metrics}
    assert len({metric.name for metric in metrics}) == len(metrics)
    for experiment in EXPERIMENTS:
        declared = {experiment.metric(name) for name in experiment.ranges}
        assert {one.metric for one in experiment.comparisons if not one.metric.derived} <= declared
        assert all(low < high for low, high in experiment.ranges.values())
