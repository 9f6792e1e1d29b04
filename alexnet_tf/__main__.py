"""The command line for images of one's own: `python -m alexnet_tf COMMAND`, see `--help`.

All flags live here; everything else takes objects.
"""

import argparse
import os
import sys
from pathlib import Path

from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import PRECISIONS
from alexnet_tf.config.presets import PRESETS, RECIPES, Preset, with_recipe
from alexnet_tf.runtime.commandline import OneLineParser, run_command
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.startup import quiet_startup


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    return run_command(_parser().parse_args(arguments))


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="alexnet_tf", description="AlexNet on images of your own.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=OneLineParser)

    summary = commands.add_parser("summary", help="sizes, parameters, multiply-adds and memory of a model")
    summary.add_argument("--model", default="alexnet", help=", ".join(PRESETS))
    summary.add_argument("--image-size", type=int, help="side of the input; default the model's own")
    summary.add_argument("--classes", type=int, help="default the model's own")
    summary.set_defaults(command=_summary)

    train = commands.add_parser("train", help="train a model on a data set")
    train.add_argument("--model", help=f"{', '.join(PRESETS)}; default alexnet")
    train.add_argument("--from", type=Path, metavar="DIR", dest="start", help="start from a trained network")
    train.add_argument(
        "--freeze", metavar="LAYER", help="of --from: up to this layer, all-but-head (default) or none"
    )
    _add_data_flags(train)
    train.add_argument("--recipe", help=f"in place of the model's own: {', '.join(RECIPES)}")
    train.add_argument("--epochs", type=int, help="default the recipe's")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings")
    train.add_argument("--precision", choices=PRECISIONS, default="float32")
    train.add_argument("--replicas", default="auto", help="auto (every GPU) or a number")
    train.add_argument("--out", type=Path, required=True, help="folder for model, log and quarantine")
    train.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep decoded pixels there, of a set that streams from disk"
    )
    train.add_argument("--keep-epochs", action="store_true", help="also the weights after every epoch")
    train.add_argument("--keep-best", action="store_true", help="also those best on the selection split")
    train.add_argument("--gradient-norms", action="store_true", help="write gradient_norms.csv, by layer")
    train.add_argument("--tensorboard", action="store_true", help="write event files")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser("evaluate", help="exact top-1 and top-5 error of a trained model")
    evaluate.add_argument("--checkpoint", type=Path, action="append", required=True, help="repeat: ensemble")
    _add_data_flags(evaluate)
    evaluate.add_argument("--views", type=int, default=1, choices=(1, 2, 5, 10))
    evaluate.add_argument("--csv", type=Path, metavar="FILE", help="put the scores into this table, too")
    evaluate.set_defaults(command=_evaluate)

    predict = commands.add_parser("predict", help="the five most probable classes of image files")
    predict.add_argument("--checkpoint", type=Path, required=True)
    predict.add_argument("--views", type=int, default=1, choices=(1, 2, 5, 10))
    predict.add_argument("--figure", type=Path, metavar="FILE.png", help="draw images and bars, too")
    _add_words_flag(predict)
    predict.add_argument("files", nargs="+", type=Path, metavar="IMAGE")
    predict.set_defaults(command=_predict)

    figures = commands.add_parser("figures", help="the paper's Figures 2 to 4 and the learning curve")
    drawn = figures.add_mutually_exclusive_group(required=True)
    drawn.add_argument("--checkpoint", type=Path, help="a trained model")
    drawn.add_argument("--model", help="only the architecture of: " + ", ".join(PRESETS))
    _add_data_flags(figures, required=False)
    figures.add_argument("--seed", type=int, default=0, help="of the choice of test images")
    _add_words_flag(figures)
    figures.add_argument("--out", type=Path, required=True, help="folder for the figures")
    figures.set_defaults(command=_figures)

    imported = commands.add_parser("import-weights", help="make a network of weights trained elsewhere")
    imported.add_argument("file", type=Path, metavar="FILE", help=".npz or .npy dictionary of arrays")
    imported.add_argument(
        "--model", required=True, help="one-weird-trick (torchvision's AlexNet) or alexnet-caffe"
    )
    imported.add_argument("--classes", type=Path, metavar="FILE", help="a name a line; default numbers")
    imported.add_argument("--out", type=Path, required=True, help="folder for the network, new or empty")
    imported.set_defaults(command=_import_weights)

    data = commands.add_parser("data", help="statistics, unusable files and augmented samples of a data set")
    _add_data_flags(data)
    data.add_argument("--model", default="alexnet", help="whose way with images: " + ", ".join(PRESETS))
    data.add_argument("--recipe", help=f"in place of the model's own: {', '.join(RECIPES)}")
    data.add_argument("--seed", type=int, default=0, help="of the augmented samples")
    data.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings")
    data.add_argument("--out", type=Path, required=True, help="folder for the tables and the sheet")
    data.set_defaults(command=_data)
    return parser


def _add_words_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--words", type=Path, metavar="FILE", help="lines of a class and its words, such as synset_words.txt"
    )


def _add_data_flags(parser: argparse.ArgumentParser, required: bool = True) -> None:
    parser.add_argument("--dataset", required=required, help="builtin, a TFDS name or folder:PATH")
    parser.add_argument("--data-dir", help="TFDS data directory (default: $TFDS_DATA_DIR)")
    parser.add_argument("--no-download", action="store_true", help="use only what is on disk")


def _access(options: argparse.Namespace, cache: Path | None = None):
    from alexnet_tf.data.load import DataAccess

    return DataAccess(options.data_dir, not options.no_download, cache)


def _preset(name: str) -> Preset:
    if name not in PRESETS:
        raise InputError(f"--model: expected one of {', '.join(PRESETS)}; received {name!r}")
    return PRESETS[name]


def _summary(options: argparse.Namespace) -> int:
    preset = _preset(options.model)
    side = preset.side if options.image_size is None else options.image_size
    classes = preset.classes if options.classes is None else options.classes
    if min(side, classes) < 1:
        raise InputError(f"--image-size, --classes: expected numbers >= 1; received {side}, {classes}")
    with quiet_startup():
        from alexnet_tf.models import build_model
        from alexnet_tf.models.summary import summary_table, weightless
    try:
        with weightless():
            model = build_model(preset.model, (side, side, preset.channels), classes)
    except ValueError as error:
        raise InputError(f"--image-size {side}: {str(error).splitlines()[0]}") from error
    print(summary_table(model))
    return 0


def _train(options: argparse.Namespace) -> int:
    if options.start and options.model:
        raise InputError(f"--model: expected none with --from, which has a model; received {options.model!r}")
    if options.freeze and not options.start:
        raise InputError(f"--freeze: expected --from with it; received {options.freeze!r} alone")
    start = None
    preset = _preset(options.model or "alexnet")
    with quiet_startup():
        from alexnet_tf.checkpoints.saved import load_trained
        from alexnet_tf.checkpoints.transfer import ALL_BUT_HEAD, transfer_config
        from alexnet_tf.commands.own_images import RunFiles, train_on
        from alexnet_tf.training.strategy import make_strategy

        strategy = make_strategy(options.replicas)
    if options.start:
        start = load_trained(options.start, "--from")
        config = transfer_config(start, options.dataset, options.freeze or ALL_BUT_HEAD)
    else:
        config = preset.config(options.dataset)
    if options.recipe is not None:
        config = with_recipe(config, options.recipe)
    config = config.replace(precision=options.precision, seed=options.seed)
    if options.epochs is not None:
        config = config.replace(epochs=options.epochs)
    for setting in options.settings:
        config = config.with_setting(setting)
    check_config(config)
    files = RunFiles(options.keep_epochs, options.keep_best, options.gradient_norms, options.tensorboard)
    done = train_on(config, strategy, options.out, _access(options, options.cache), files, start)
    return 0 if done else 1


def _evaluate(options: argparse.Namespace) -> int:
    with quiet_startup():
        from alexnet_tf.commands.own_images import evaluate_on
        from alexnet_tf.commands.scores import read_scores, record_scores
    if options.csv:
        read_scores(options.csv)  # so that a file that will not do is known before the work
    scores = evaluate_on(options.checkpoint, options.dataset, options.views, _access(options))
    if options.csv:
        record_scores(options.csv, scores, options.checkpoint, options.dataset, options.views)
    print(f"examples {scores.count}  views {options.views}  nets {len(options.checkpoint)}")
    print(f"top-1 error {scores.error:.4f}  top-5 error {scores.top5_error:.4f}  loss {scores.loss:.4f}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    with quiet_startup():
        from alexnet_tf.commands.own_images import predict_files
        from alexnet_tf.figures.of_images import check_figure, draw_files
    words = _words(options)
    if options.figure:
        check_figure(options.figure, options.files)
    predictions = predict_files(options.checkpoint, options.files, options.views)
    if options.figure:
        draw_files(options.figure, predictions, words)
    failed = 0
    for path, prediction in predictions:
        if isinstance(prediction, str):
            failed += 1
            print(f"{path}: not readable: {prediction}")
            continue
        best = "  ".join(f"{name} {probability:.1%}" for name, probability in prediction)
        print(f"{path}: {best}")
    return 1 if failed == len(predictions) else 0


def _figures(options: argparse.Namespace) -> int:
    if options.model is not None:
        if options.dataset is not None:
            raise InputError("--dataset: expected with --checkpoint; received with --model")
        preset = _preset(options.model)
    if options.seed < 0:
        raise InputError(f"--seed: expected a whole number >= 0; received {options.seed}")
    words = _words(options)
    with quiet_startup():
        from alexnet_tf.figures.from_checkpoint import draw_architecture, figures_of
        from alexnet_tf.models import build_model
        from alexnet_tf.models.summary import weightless
    if options.model is not None:
        with weightless():
            model = build_model(preset.model, (preset.side, preset.side, preset.channels), preset.classes)
        lines = draw_architecture(model, options.model, options.out)
    else:
        lines = figures_of(
            options.checkpoint, options.out, options.dataset, _access(options), words, options.seed
        )
    for line in lines:
        print(line, flush=True)
    return 0


def _import_weights(options: argparse.Namespace) -> int:
    from alexnet_tf.data.sources.class_words import read_class_names

    with quiet_startup():
        from alexnet_tf.commands.import_weights import SOURCES, import_weights
    if options.model not in SOURCES:
        raise InputError(f"--model: expected one of {', '.join(SOURCES)}; received {options.model!r}")
    names = read_class_names(options.classes) if options.classes else None
    source, preset = SOURCES[options.model], _preset(options.model)
    net = import_weights(options.file, source, preset, options.out, names)
    count = net.model.count_params()
    print(f"{options.out}: {source.program}'s AlexNet, {len(net.class_names)} classes, {count:,} parameters")
    return 0


def _words(options: argparse.Namespace) -> dict[str, str] | None:
    from alexnet_tf.data.sources.class_words import read_words

    return read_words(options.words) if options.words else None


def _data(options: argparse.Namespace) -> int:
    config = _preset(options.model).config(options.dataset).replace(seed=options.seed)
    if options.recipe is not None:
        config = with_recipe(config, options.recipe)
    for setting in options.settings:
        config = config.with_setting(setting)
    check_config(config)
    with quiet_startup():
        from alexnet_tf.commands.data import report_data, statistics_text
    statistics = report_data(config.data, options.out, options.seed, _access(options))
    print(statistics_text(options.dataset, statistics))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
