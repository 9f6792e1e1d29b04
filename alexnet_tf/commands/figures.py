"""`alexnet figures`: the paper's figures of a network."""

import argparse

from alexnet_tf.config.presets import PRESETS
from alexnet_tf.data.sources.class_words import read_words
from alexnet_tf.figures.from_checkpoint import draw_architecture, figures_of
from alexnet_tf.models import build_model
from alexnet_tf.models.summary import weightless
from alexnet_tf.runtime.errors import InputError


def run(options: argparse.Namespace) -> int:
    words = read_words(options.words) if options.words else None
    if options.model:
        if options.dataset:
            raise InputError(
                "--dataset: expected with --checkpoint; received with --model; leave out one of them"
            )
        preset = PRESETS[options.model]
        with weightless():
            model = build_model(preset.model, (preset.side, preset.side, preset.channels), preset.classes)
        lines = draw_architecture(model, options.model, options.out)
    else:
        lines = figures_of(
            options.checkpoint, options.out, options.dataset, options.access, words, options.seed
        )
    for line in lines:
        print(line, flush=True)
    return 0
