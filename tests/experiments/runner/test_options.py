import dataclasses

import pytest

from alexnet_tf.runtime.errors import InputError
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


@pytest.mark.parametrize("arms", [(), ("none",)])
def test_a_setting_that_has_no_effect_in_any_arm_is_refused(arms):
    options = Options(dataset="builtin", arms=arms, settings=("drops=3", "schedule=plateau"))
    with pytest.raises(InputError, match="drops=3: expected schedule=steps too; received schedule=plateau"):
        options.check(EXPERIMENT)
    replaced = dataclasses.replace(options, settings=("drops=3", "schedule=steps"))
    replaced.check(EXPERIMENT)
