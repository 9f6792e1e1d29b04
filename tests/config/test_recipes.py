import pytest

from alexnet_tf.config.fields import Config
from alexnet_tf.config.recipes import RECIPES, with_recipe
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.training.schedule import learning_rate


def test_the_papers_numbers():
    config = with_recipe(Config(), "2012")

    train = config.train
    assert (train.batch_size, train.momentum, train.weight_decay, train.epochs) == (128, 0.9, 5e-4, 90)
    assert (train.schedule, train.max_drops, config.data.holdout) == ("plateau", 3, True)
    # An error that never falls: a division after every plateau, three times.
    rates = [learning_rate(train, epoch, [0.9] * (epoch - 1)) for epoch in (1, 7, 12, 17, 40)]
    assert rates == pytest.approx([1e-2, 1e-3, 1e-4, 1e-5, 1e-5])


def test_the_programs_numbers():
    config = with_recipe(Config(), "2012-code")

    rates = [learning_rate(config.train, epoch) for epoch in (25, 26, 51, 52, 79, 80, 90)]
    assert rates == pytest.approx([1e-2, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    assert (config.train.bias_rate, config.train.freeze_conv1_after) == (2.0, 72)
    assert (config.data.color_noise, config.data.color_noise_until) == ("code", 67)
    assert not config.data.holdout, "it trains on every image"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_leaves_the_model_and_its_input_alone(name):
    config = Config().replace(crop=24, image_size=32, input_scale="unit", activation="tanh")

    changed = with_recipe(config, name)

    assert changed.model == config.model
    assert (changed.data.crop, changed.data.image_size, changed.data.input_scale) == (24, 32, "unit")


def test_unknown_recipes_are_refused():
    with pytest.raises(InputError, match="--recipe: expected one of 2012, 2012-code; received '2013'"):
        with_recipe(Config(), "2013")
