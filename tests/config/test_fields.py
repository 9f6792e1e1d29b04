import json

import pytest

from alexnet_tf.config.fields import Config, DataConfig, TrainConfig
from alexnet_tf.runtime.errors import InputError


def test_every_field_but_dataset_and_storage_changes_the_hash():
    hashes = {Config().hash("f")}
    values = vars(Config().data) | vars(Config().model) | vars(Config().train)
    for name, value in values.items():
        other = (*value, 9) if isinstance(value, tuple) else "other" if isinstance(value, str) else not value
        hashes.add(Config().replace(**{name: other}).hash("f"))
    hashes |= {Config(seed=1).hash("f"), Config(precision="mixed_float16").hash("f"), Config().hash("g")}

    # One hash of the defaults, one for each field except `dataset` and `storage`, and three for another seed,
    # precision and fingerprint. The fingerprint identifies the images in place of `dataset`.
    assert len(hashes) == 1 + len(values) - 2 + 3
    assert Config(data=DataConfig(dataset="other")).hash("f") == Config().hash("f")


def test_a_section_is_replaced_together_with_fields_of_it_and_of_others():
    train = TrainConfig(epochs=5, momentum=0.5)
    config = Config().replace(epochs=9, train=train, flip=True, seed=1)

    assert config == Config(data=DataConfig(flip=True), train=TrainConfig(epochs=9, momentum=0.5), seed=1)


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("activation=elu", "activation", "elu"),
        ("lrn=true", "lrn", True),
        ("pooling=max,max,avg", "pooling", ("max", "max", "avg")),
        ("drops=20,30", "drops", (20, 30)),
        ("weight_decay=5e-4", "weight_decay", 5e-4),
        ("patience=3", "patience", 3),
        ("input_scale=unit", "input_scale", "unit"),
    ],
)
def test_a_setting_is_read_with_the_type_of_its_field(setting, name, value):
    config = Config().with_settings(setting)
    owner = next(part for part in (config, config.data, config.model, config.train) if hasattr(part, name))

    assert getattr(owner, name) == value


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epochs", "field=value"),
        ("colour=red", "colour"),
        ("epochs=two", "epochs: expected a whole number >= 0; received 'two'"),
        ("lrn=yes", "lrn: expected true or false; received 'yes'"),
        ("input_scale=loud", "input_scale: expected raw or unit; received 'loud'"),
        ("drops=1,x", "drops: expected a whole number >= 0; received 'x'"),
        ("drops=10,,20", "drops: expected a whole number >= 0; received ''"),
    ],
)
def test_the_error_for_a_bad_setting_states_what_was_expected(setting, words):
    with pytest.raises(InputError, match=words):
        Config().with_settings(setting)


def test_an_unknown_kind_of_model_is_refused():
    values = Config().to_dict()
    values["model"]["kind"] = "LeNet"

    with pytest.raises(InputError, match="LeNet"):
        Config.from_dict(values)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("data", "pad", "2"),
        ("data", "pad", True),
        ("data", "storage", "tape"),
        ("model", "lrn_alpha", None),
        ("model", "pooling", ["min"]),
        ("train", "drops", 3),
        (None, "seed", 0.5),
        (None, "precision", "int8"),
    ],
)
def test_a_recorded_value_of_another_type_is_refused(section, field, value):
    values = json.loads(json.dumps(Config().to_dict()))
    (values[section] if section else values)[field] = value
    with pytest.raises(InputError, match=f"{field}: expected .*; received"):
        Config.from_dict(values)
