import pytest

from experiments.claims.dropout import EXPERIMENT
from experiments.runner.options import Options


@pytest.mark.parametrize(
    ("settings", "arms", "pairs"),
    [
        (("dropout=0.2",), ("none", "dropout"), "none and dropout"),
        (("dropout=0.2",), ("dropout",), ""),
        (("batch_size=64", "weight_decay=0"), (), ""),
    ],
)
def test_settings_that_make_arms_equal_are_named(settings, arms, pairs):
    options = Options(dataset="builtin", arms=arms, settings=settings)
    _, notices = options.settled(EXPERIMENT, "float32")
    assert [notice.partition(": ")[2] for notice in notices] == ([pairs] if pairs else [])
