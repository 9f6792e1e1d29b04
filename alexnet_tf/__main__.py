"""The command line for a user's own images: `alexnet COMMAND`, or `python -m alexnet_tf COMMAND`."""

import alexnet_tf.runtime.import_path  # noqa: F401, I001 (first, because it changes where the others are found)

import argparse
import contextlib
import importlib
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

from alexnet_tf import __version__
from alexnet_tf.checkpoints.trained_files import check_new, check_paths
from alexnet_tf.commands.scores import SPLITS
from alexnet_tf.config.check import check_config
from alexnet_tf.config.fields import PRECISIONS
from alexnet_tf.config.presets import PRESETS, RECIPES, with_recipe
from alexnet_tf.runtime.commandline import (
    OneLineParser,
    add_checkpoint_flag,
    add_setting_flags,
    one_of,
    path,
    run_command,
    whole_number,
)
from alexnet_tf.runtime.files import check_unclaimed, claimed_folder, lock_beside, may_be_worker
from alexnet_tf.runtime.reading import check_outside
from alexnet_tf.runtime.startup import import_keras, quiet_startup

# The command that trains the network of `explain` if no `--checkpoint` is given.
EXPLAINED_NETWORK = (
    "train --model alexnet-scaled --set width=0.25 --set lrn_alpha=0.4096 --set batch_size=32 "
    "--set schedule=steps --set drops=6 --dataset builtin --epochs 7 --out runs/explain/alexnet"
)
EXAMPLES = {
    "summary": "--model alexnet-one-tower",
    "train": "--dataset folder:photos --epochs 60 --out net",
    "evaluate": "--checkpoint net --dataset folder:photos --views 10 --out errors",
    "predict": "--checkpoint net --csv predictions.csv photos/ another.jpg",
    "figures": "--checkpoint net --dataset folder:photos --out figures",
    "explain": "--image photo.jpg --out pictures",
    "similar": "photo.jpg --checkpoint net --among photos --out alike",
    "export": "net --format onnx --out exported",
    "import-weights": "alexnet.npz --model one-weird-trick --classes classes.txt --out net",
    "data": "--dataset folder:photos --out about",
}
# Commands that create the folder `--out` only after its content is complete.
NEW_FOLDER = ("export", "import-weights")
MODEL = one_of(PRESETS)
RECIPE = one_of(RECIPES)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return run_command(options) if options.resumes else run_command(options, again="starts anew")


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="alexnet", description="AlexNet on your own images.")
    parser.add_argument("--version", action="version", version=f"alexnet_tf {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=OneLineParser)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        example = f"example: alexnet {name} {EXAMPLES[name]}"
        command = commands.add_parser(name, help=help, description=help, epilog=example)
        resumes = name in ("train", "explain")
        command.set_defaults(command=lambda options: _run(name, options), notes=(), resumes=resumes)
        return command

    images = "an image file, a folder of them, or a pattern such as 'photos/*.jpg'"
    models, recipes = ", ".join(PRESETS), f"recipe to use instead of the model's own: {', '.join(RECIPES)}"

    summary = add("summary", "sizes, parameters, multiply-adds and memory of a model")
    summary.add_argument("--model", type=MODEL, default="alexnet", help=models)
    summary.add_argument(
        "--image-size", type=whole_number(1), help="side of the input in pixels; default the model's own"
    )
    summary.add_argument("--classes", type=whole_number(1), help="number of classes; default the model's own")

    train = add("train", "train a model on a data set")
    network = train.add_mutually_exclusive_group()
    network.add_argument(
        "--model", type=MODEL, help=f"{models}; default alexnet, or alexnet-few-images for a small folder"
    )
    network.add_argument(
        "--from", type=path, metavar="DIR", dest="start", help="start from a trained network"
    )
    train.add_argument(
        "--freeze", metavar="LAYER", help="with --from: last frozen layer, or all-but-head (default), or none"
    )
    _add_data_flags(train)
    train.add_argument("--recipe", type=RECIPE, help=recipes)
    add_setting_flags(train, PRECISIONS)
    train.add_argument(
        "--seed", type=whole_number(), default=0, help="seed of initial weights and image order; default 0"
    )
    train.add_argument("--replicas", default="auto", help="auto (every GPU) or a number")
    train.add_argument("--out", type=path, required=True, help="folder for model, curve and other files")
    reading = train.add_mutually_exclusive_group()
    reading.add_argument(
        "--cache", type=path, metavar="DIR", help="cache the decoded pixels of a streamed set in this folder"
    )
    reading.add_argument(
        "--readers",
        type=whole_number(),
        default=0,
        metavar="N",
        help="number of extra processes that decode a streamed set; default 0; see docs/how-to/imagenet.md",
    )
    add_checkpoint_flag(train)
    train.add_argument("--keep-epochs", action="store_true", help="also save the weights of every epoch")
    train.add_argument("--keep-best", action="store_true", help="also save the weights of the best epoch")
    train.add_argument("--gradient-norms", action="store_true", help="write each layer's gradient norms")
    train.add_argument("--tensorboard", action="store_true", help="write event files for TensorBoard")

    evaluate = add("evaluate", "exact errors of a trained model, in total and by class")
    evaluate.add_argument(
        "--checkpoint", type=path, action="append", required=True, help="trained model; repeat for ensembles"
    )
    _add_data_flags(evaluate)
    _add_views_flag(evaluate)
    evaluate.add_argument(
        "--split",
        type=one_of(SPLITS),
        help="train, selection, report (test or validation images; if the set has none, the images held out "
        "of training) or all; default report, or all if the set has no test or validation images and no "
        "network was trained on it",
    )
    evaluate.add_argument("--json", action="store_true", help="print the scores as JSON")
    evaluate.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="write errors by class and the confusion matrix to this folder",
    )
    evaluate.add_argument("--csv", type=path, metavar="FILE", help="also add the scores to this table")

    predict = add("predict", "the five most probable classes of image files")
    predict.add_argument("--checkpoint", type=path, required=True, help="a trained model")
    _add_views_flag(predict)
    predict.add_argument("--json", action="store_true", help="print the predictions as JSON")
    predict.add_argument(
        "--csv", type=path, metavar="FILE", help="also write the predictions to a table: path, rank, ..."
    )
    predict.add_argument("--figure", type=path, metavar="FILE.png", help="also draw images and bars")
    _add_words_flag(predict)
    predict.add_argument(
        "--list", type=path, metavar="FILE", help="file that names further images, one per line; - for stdin"
    )
    predict.add_argument("files", nargs="*", metavar="IMAGE", help=images)

    figures = add("figures", "the paper's Figures 2 to 4 and the learning curve")
    drawn = figures.add_mutually_exclusive_group(required=True)
    drawn.add_argument("--checkpoint", type=path, help="a trained model")
    drawn.add_argument("--model", type=MODEL, help=f"draw only the architecture of: {models}")
    _add_data_flags(figures, required=False)
    figures.add_argument("--seed", type=whole_number(), default=0, help="seed that chooses the test images")
    _add_words_flag(figures)
    figures.add_argument("--out", type=path, required=True, help="folder for the figures")

    explain = add("explain", "illustrate sections 3 and 4 of the paper with an image")
    explain.add_argument("--image", type=path, required=True, metavar="FILE", help="any photo")
    explain.add_argument("--checkpoint", type=path, help="default: a small AlexNet, trained once, in minutes")
    explain.add_argument("--out", type=path, required=True, help="folder for the pictures")
    explain.set_defaults(training=lambda: parser.parse_args(EXPLAINED_NETWORK.split()))

    similar = add(
        "similar", "the images of a folder most similar to a query, by a network's last hidden layer"
    )
    similar.add_argument("--checkpoint", type=path, required=True, help="a trained model")
    similar.add_argument("--among", type=path, required=True, metavar="DIR", help="images to choose from")
    similar.add_argument("--out", type=path, required=True, help="folder for the table, sheet and features")
    similar.add_argument("queries", nargs="+", metavar="IMAGE", help=f"query: {images}")

    exported = add("export", "a trained network as a SavedModel or an ONNX file, for other programs")
    exported.add_argument("checkpoint", type=path, metavar="CHECKPOINT", help="a trained model")
    exported.add_argument(
        "--format",
        type=one_of(("saved-model", "onnx")),
        default="saved-model",
        help="saved-model (default; takes image files) or onnx (takes pixels)",
    )
    exported.add_argument("--out", type=path, required=True, help="folder for the network, new or empty")

    imported = add("import-weights", "convert weights trained elsewhere into a network")
    imported.add_argument(
        "file",
        type=path,
        metavar="FILE",
        help="arrays in a .npz or .safetensors file, or a dictionary in a .npy file",
    )
    imported.add_argument(
        "--model",
        type=one_of(("one-weird-trick", "alexnet-caffe")),
        required=True,
        help="one-weird-trick (torchvision's AlexNet) or alexnet-caffe",
    )
    imported.add_argument(
        "--classes",
        type=path,
        metavar="FILE",
        help="names of the classes, one per line; default: ImageNet's ids for 1000 outputs, else numbers",
    )
    imported.add_argument("--out", type=path, required=True, help="folder for the network, new or empty")

    data = add("data", "statistics, unusable files and augmented samples of a data set")
    _add_data_flags(data)
    data.add_argument("--model", type=MODEL, help=f"use the preprocessing of: {models}; default as for train")
    data.add_argument("--recipe", type=RECIPE, help=recipes)
    data.add_argument("--seed", type=whole_number(), default=0, help="seed of the augmented samples")
    add_setting_flags(data, PRECISIONS)
    data.add_argument("--out", type=path, required=True, help="folder for the tables and the sheet")
    return parser


def _add_views_flag(parser: argparse.ArgumentParser) -> None:
    help = "number of views of each image; their probabilities are averaged; default 1"
    parser.add_argument("--views", type=int, default=1, choices=(1, 2, 5, 10), help=help)


def _add_words_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--words",
        type=path,
        metavar="FILE",
        help="file with a class and its words on each line, like synset_words.txt (a tab after a class with "
        "spaces); ImageNet's are built in",
    )


def _add_data_flags(parser: argparse.ArgumentParser, required: bool = True) -> None:
    parser.add_argument("--dataset", required=required, help="builtin, a TFDS name or folder:PATH")
    parser.add_argument("--data-dir", help="TFDS data directory (default: $TFDS_DATA_DIR)")
    parser.add_argument("--no-download", action="store_true", help="use only what is on disk")


def _run(name: str, options: argparse.Namespace) -> int:
    check_paths(options)
    with _claimed_out(name, options):
        return _run_claimed(name, options)


def _claimed_out(name: str, options: argparse.Namespace) -> AbstractContextManager[None]:
    """Checks `--out` and `--cache`; returns a context that holds the lock of `--out` until the command ends.

    The lock is taken here, before TensorFlow is imported. The context is empty if there is no `--out` or if
    the command takes the lock later.
    """
    out: Any = getattr(options, "out", None)
    for flag in ("out", "cache"):
        for images in ("dataset", "among"):
            check_outside(getattr(options, flag, None), getattr(options, images, None), f"--{flag}")
    # If there may be several workers, `train` takes the lock later, and only on the chief. The commands in
    # `NEW_FOLDER` take it later too, because their lock file is beside the folder.
    options.is_claimed = bool(out) and name not in NEW_FOLDER and not (name == "train" and may_be_worker())
    if options.is_claimed:
        return claimed_folder(out, "--out")
    if name in NEW_FOLDER:
        check_unclaimed(lock_beside(Path(os.path.realpath(out))), f"--out {out}")
        check_new(out)
    return contextlib.nullcontext()


def _run_claimed(name: str, options: argparse.Namespace) -> int:
    if name in ("predict", "similar"):
        from alexnet_tf.commands.image_files import image_files

        if name == "predict":
            options.files = image_files(options.files, options.list)
        else:
            options.queries = image_files(options.queries)
    if name in ("train", "data") and not getattr(options, "start", None):
        from alexnet_tf.commands.small_folder import fit_small_folder

        options.notes = fit_small_folder(options)
    if getattr(options, "settings", None) and not getattr(options, "start", None):
        config = PRESETS[options.model or "alexnet"].config(options.dataset)
        if options.recipe:
            config = with_recipe(config, options.recipe)
        check_config(config.with_settings(*options.settings))
    with quiet_startup():
        import_keras()
        from alexnet_tf.data.load import DataAccess

        if "data_dir" in options:
            options.access = DataAccess(options.data_dir, not options.no_download)
        command = importlib.import_module(f"alexnet_tf.commands.{name.replace('-', '_')}")
    return command.run(options)


def entry() -> NoReturn:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())


if __name__ == "__main__":
    entry()
