"""Configurations that no run could have are refused, naming the field."""

import math

import pytest

from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import Config
from alexnet_tf.runtime.errors import InputError


def test_the_limits_themselves_are_allowed():
    check_config(Config(seed=2**32 - 1).replace(momentum=0.0, weight_decay=0.0, bias_rate=0.0, drops=(1, 2)))


OUT_OF_RANGE = {
    "seed": (-1, 2**32),
    "lrn_alpha": (math.nan,),
    "lrn_k": (math.inf,),
    **dict.fromkeys(("pad", "crop", "image_size", "max_drops", "stop_extra_epochs", "early_stopping"), (-1,)),
    **dict.fromkeys(("epochs", "batch_size", "patience"), (0,)),
    **dict.fromkeys(("learning_rate", "weight_decay", "bias_rate"), (-1e-4, math.nan, math.inf)),
    **dict.fromkeys(("momentum", "stop_train_error"), (1.0, -0.1, math.nan)),
    "min_learning_rate": (-1e-9, 0.5),
    "drop_factor": (0.5, math.nan),
    "rotation": (181.0,),
    "brightness": (-0.1,),
    "gaussian_noise": (math.nan,),
    "drops": ((0, 2), (4, 4)),
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in OUT_OF_RANGE.items() for value in values]
)
def test_a_number_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(InputError, match=rf"^{field}: expected .*; received .*"):
        check_config(Config().replace(**{field: value}))


@pytest.mark.parametrize("setting", ["seed=1", "dataset=builtin"])
def test_what_has_a_flag_of_its_own_is_no_setting(setting):
    with pytest.raises(InputError, match=r"--set: expected a field, one of .*; received"):
        Config().with_settings(setting)
