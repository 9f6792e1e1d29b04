"""Configurations that no run could have are refused, naming the field."""

import math

import pytest

from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError


def test_the_limits_themselves_are_allowed():
    check_config(Config(seed=2**32 - 1).replace(momentum=0.0, weight_decay=0.0, bias_rate=0.0, drops=(1, 2)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("lrn_alpha", math.nan),
        ("lrn_k", math.inf),
        ("seed", 2**32),
        ("pad", -2),
        ("crop", -1),
        ("image_size", -1),
        ("epochs", 0),
        ("batch_size", 0),
        ("patience", 0),
        ("max_drops", -1),
        ("stop_extra_epochs", -1),
        ("learning_rate", -0.1),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("momentum", math.nan),
        ("weight_decay", -1e-4),
        ("weight_decay", math.nan),
        ("bias_rate", math.inf),
        ("stop_train_error", 1.0),
        ("early_stopping", -1),
        ("min_learning_rate", -1e-9),
        ("min_learning_rate", 0.5),
        ("drop_factor", 0.5),
        ("drop_factor", math.nan),
        ("rotation", 181.0),
        ("brightness", -0.1),
        ("gaussian_noise", math.nan),
        ("drops", (0, 2)),
        ("drops", (4, 4)),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(InputError, match=rf"^{field}: expected .*; received .*"):
        check_config(Config().replace(**{field: value}))


@pytest.mark.parametrize("setting", ["seed=1", "dataset=builtin"])
def test_what_has_a_flag_of_its_own_is_no_setting(setting):
    with pytest.raises(InputError, match=r"--set: expected a field, one of .*; received"):
        Config().with_settings(setting)
