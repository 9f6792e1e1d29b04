"""`alexnet summary`: the cost of a model."""

import argparse

from alexnet_tf.config.presets import PRESETS
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import summary_table, weightless
from alexnet_tf.runtime.errors import InputError


def run(options: argparse.Namespace) -> int:
    preset = PRESETS[options.model]
    side, classes = options.image_size or preset.side, options.classes or preset.classes
    try:
        with weightless():
            model = build_model(preset.model, (side, side, preset.channels), classes)
    except ValueError as error:
        raise InputError(f"--image-size {side}: {str(error).splitlines()[0]}") from error
    print(summary_table(model))
    return 0
