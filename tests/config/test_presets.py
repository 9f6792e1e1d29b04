import json

import pytest

from alexnet_tf.config.fields import Config
from alexnet_tf.config.presets import PRESETS, RECIPES, with_recipe
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.training.schedule import check_schedule, learning_rate


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_builds_its_net_and_its_config_can_be_recorded(name):
    preset = PRESETS[name]
    config = preset.config("some_set")

    check_schedule(config.train, config.data.holdout)
    assert config.data.dataset == "some_set"
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    narrow = config.replace(width=1 / 16) if hasattr(config.model, "width") else config
    side = preset.side
    with weightless():
        model = build_model(narrow.model, (side, side, preset.channels), preset.classes)
    assert model.output.shape[1] == preset.classes


def test_the_numbers_of_batch_norm_alexnet():
    config = PRESETS["batch-norm-alexnet"].config("folder:x")
    data, train = config.data, config.train

    assert (data.image_size, data.crop, data.input_scale, data.flip) == (224, 0, "raw", True)
    assert (train.optimizer, train.learning_rate) == ("momentum", 0.01)
    assert (train.momentum, train.weight_decay) == (0.0, 5e-4)
    assert (train.batch_size, train.epochs) == (2, 50)
    assert (train.watch, train.patience, train.drop_factor) == ("selection_loss", 10, 10)
    assert (train.early_stopping_watch, train.early_stopping) == ("train_loss", 10)
    # In the article's log, the validation loss is lowest in epoch 12, and the rate is .001 from epoch 23 on.
    losses = [4.38, 3.60, 3.33, 2.82, 2.92, 2.70, 3.26, 2.80, 2.92, 2.77, 2.73, 2.61] + [2.7] * 10
    rates = [learning_rate(train, epoch, losses[: epoch - 1]) for epoch in range(1, 24)]
    assert rates == [0.01] * 22 + [0.001]
    assert learning_rate(train, 50, [1.0] * 49) == 1e-6


def test_the_numbers_of_mnist_cnn():
    config = PRESETS["mnist-cnn"].config("mnist")
    data, train = config.data, config.train

    assert (data.image_size, data.input_scale, data.flip) == (28, "unit", False)
    assert (train.optimizer, train.learning_rate, train.weight_decay) == ("amsgrad", 1e-3, 1e-5)
    assert (train.watch, train.drop_factor, train.min_learning_rate) == ("selection_loss", 2, 1e-6)
    assert (train.early_stopping_watch, train.early_stopping) == ("selection_loss", 7)
    # PyTorch's patience of 3: three epochs without improvement are tolerated, the fourth halves the rate.
    assert learning_rate(train, 5, [1.0] * 4) == 1e-3
    assert learning_rate(train, 6, [1.0] * 5) == 5e-4
    assert learning_rate(train, 99, [1.0] * 98) == 1e-6


@pytest.mark.parametrize(("name", "classes"), [("one-weird-trick", 1000), ("one-weird-trick-cifar10", 10)])
def test_the_numbers_of_one_weird_trick(name, classes):
    preset = PRESETS[name]
    train = preset.config("cifar10").train

    assert (train.batch_size, train.learning_rate) == (128, 0.01)
    assert (train.momentum, train.weight_decay) == (0.9, 5e-4)
    assert (train.schedule, train.watch, preset.classes) == ("plateau", "selection_loss", classes)


def test_the_recipe_2012_has_the_numbers_of_the_paper():
    config = with_recipe(Config(), "2012")

    train = config.train
    assert (train.batch_size, train.momentum, train.weight_decay, train.epochs) == (128, 0.9, 5e-4, 90)
    assert (train.schedule, train.max_drops, config.data.holdout) == ("plateau", 3, True)
    # The error never falls, so the rate is divided after each of three plateaus.
    rates = [learning_rate(train, epoch, [0.9] * (epoch - 1)) for epoch in (1, 7, 12, 17, 40)]
    assert rates == pytest.approx([1e-2, 1e-3, 1e-4, 1e-5, 1e-5])


def test_the_recipe_2012_code_has_the_numbers_of_the_authors_program():
    config = with_recipe(Config(), "2012-code")

    rates = [learning_rate(config.train, epoch) for epoch in (25, 26, 51, 52, 79, 80, 90)]
    assert rates == pytest.approx([1e-2, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    assert (config.train.bias_rate, config.train.freeze_conv1_after) == (2.0, 72)
    assert (config.data.color_noise, config.data.color_noise_until) == ("code", 67)
    assert not config.data.holdout, "expected training on all images"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_does_not_change_the_model_and_its_input(name):
    config = Config().replace(crop=24, image_size=32, input_scale="unit", activation="tanh")

    changed = with_recipe(config, name)

    assert changed.model == config.model
    assert (changed.data.crop, changed.data.image_size, changed.data.input_scale) == (24, 32, "unit")
