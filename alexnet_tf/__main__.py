"""The command line for networks of one's own: `python -m alexnet_tf summary`."""

import argparse
import os
import sys

from alexnet_tf.commandline import OneLineParser, run_command
from alexnet_tf.errors import InputError
from alexnet_tf.presets import PRESETS
from alexnet_tf.startup import quiet_startup


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    parser = OneLineParser(prog="alexnet_tf", description="AlexNet on images of your own.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=OneLineParser)
    summary = commands.add_parser("summary", help="sizes, parameters, multiply-adds and memory of a model")
    summary.add_argument("--model", default="alexnet", help=", ".join(PRESETS))
    summary.add_argument(
        "--image-size", type=int, help="side of the input in pixels; default the model's own"
    )
    summary.add_argument("--classes", type=int, help="default the model's own")
    summary.set_defaults(command=_summary)
    return run_command(parser.parse_args(arguments))


def _summary(options: argparse.Namespace) -> int:
    if options.model not in PRESETS:
        raise InputError(f"--model: expected one of {', '.join(PRESETS)}; received {options.model!r}")
    preset = PRESETS[options.model]
    side = preset.side if options.image_size is None else options.image_size
    classes = preset.classes if options.classes is None else options.classes
    if min(side, classes) < 1:
        raise InputError(f"--image-size, --classes: expected numbers >= 1; received {side}, {classes}")
    with quiet_startup():
        from alexnet_tf.models import build_model
        from alexnet_tf.summary import summary_table
    try:
        model = build_model(preset.model, (side, side, preset.channels), classes)
    except ValueError as error:
        raise InputError(f"--image-size {side}: {str(error).splitlines()[0]}") from error
    print(summary_table(model))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
