import math

import keras
import pytest

from alexnet_tf.config.check import ACTIVATIONS, check_config, ineffective
from alexnet_tf.config.fields import Config
from alexnet_tf.config.presets import PRESETS
from alexnet_tf.runtime.errors import InputError


def test_values_at_the_limits_are_allowed():
    check_config(Config(seed=2**32 - 1).replace(momentum=0.0, weight_decay=0.0, bias_rate=0.0, drops=(1, 2)))


OUT_OF_RANGE = {
    "seed": (-1, 2**32),
    **dict.fromkeys(("lrn_alpha", "lrn_k", "gaussian_noise"), (math.nan, math.inf)),
    **dict.fromkeys(("max_drops", "stop_extra_epochs", "early_stopping"), (-1,)),
    **dict.fromkeys(("crop", "image_size"), (-1, 4097)),
    "pad": (-1, 129),
    **dict.fromkeys(("epochs", "batch_size", "patience"), (0, 1.5)),
    **dict.fromkeys(("learning_rate", "weight_decay", "bias_rate"), (-1e-4, math.nan, math.inf)),
    **dict.fromkeys(("momentum", "stop_train_error"), (1.0, -0.1, math.nan)),
    "min_learning_rate": (-1e-9, 0.5),
    "drop_factor": (0.5, math.nan),
    "rotation": (181.0,),
    "brightness": (-0.1,),
    "drops": ((0, 2), (4, 4)),
    "dropout": (1.0, -0.1),
    "pool_size": (0, 2**14 + 1),
    "hidden": ((2**14 + 1, 8),),
    "stem_stride": (0, 2**30),
    **dict.fromkeys(("stem_kernel", "towers"), (0,)),
    "activation": ("rleu",),
    "schedule": ("step",),
    "init": ("xavier",),
    "input_scale": ("Unit",),
    "precision": ("float64",),
    "flip": ("no",),
    "width": (0.0, 65, "1"),
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in OUT_OF_RANGE.items() for value in values]
)
def test_an_impossible_value_is_refused_and_the_message_names_the_field(field, value):
    with pytest.raises(InputError, match=rf"^{field}: expected .*; received .*"):
        check_config(PRESETS["alexnet"].config("builtin").replace(**{field: value}))


def test_a_crop_larger_than_the_image_is_refused():
    with pytest.raises(InputError, match=r"^crop: expected at most .* 68; received 69"):
        check_config(Config().replace(image_size=64, pad=2, crop=69))


def test_the_allowed_activations_are_all_activations_of_keras():
    functions = {name for name, value in vars(keras.activations).items() if callable(value)}
    assert {*ACTIVATIONS} == functions - {"get", "serialize", "deserialize"}
    with pytest.raises(InputError, match="did you mean 'relu'"):
        check_config(Config().replace(activation="rleu"))


@pytest.mark.parametrize("setting", ["seed=1", "dataset=builtin"])
def test_fields_with_a_flag_of_their_own_cannot_be_changed_with_set(setting):
    with pytest.raises(InputError, match=r"--set: expected a field, one of .*; received"):
        Config().with_settings(setting)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["drops=30"], "--set drops=30: expected schedule=steps too; received schedule=constant"),
        (["schedule=steps", "patience=3"], "expected schedule=plateau too; received schedule=steps"),
        (["stop_extra_epochs=1"], "expected stop_train_error=... too; received stop_train_error=0.0"),
        (["drops=30", "schedule=steps"], ""),
        (["stop_extra_epochs=1", "stop_train_error=0.3"], ""),
        (["momentum=0.8"], ""),
        (["schedule=constant", "drops="], ""),
        (["patience=5"], ""),
    ],
)
def test_a_setting_that_another_field_makes_ineffective_is_named(settings, message):
    found = ineffective(Config().with_settings(*settings), settings)
    assert (message in found) if message else not found
