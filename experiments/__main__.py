"""The flags of `python -m experiments`."""

import alexnet_tf.runtime.import_path  # noqa: F401, I001 (first, because it changes where the others are found)

import argparse
import os
import sys
from pathlib import Path

from alexnet_tf.config.fields import PRECISIONS
from alexnet_tf.runtime.commandline import (
    OneLineParser,
    path,
    add_checkpoint_flag,
    add_setting_flags,
    run_command,
    whole_number,
)
from experiments import commands

COMPARE = (
    "Exit status for two folders: 0 if rows of equal configurations agree, and their records too; 1 if some "
    "differ; 2 for bad input, nothing in common or unreadable files. For a folder and the paper: 1 if the "
    "whole interval of some primary effect is weaker than the paper's number; otherwise 2 for bad input, for "
    "unreadable rows, or if no primary effect has an interval; 0 in all other cases. With --margin: 0 if the "
    "means of every common arm are equivalent (the 90% Welch interval of A - B lies within +-M); 1 if this "
    "is not shown for some arm; 2 for bad input or unreadable files."
)

EXAMPLES = {
    "list": "--json",
    "run": "relu --dataset builtin --arms relu,tanh --seeds 0,1 --set batch_size=64",
    "search": "ablation-dropout --dataset cifar10 --dry-run",
    "rerun": "RUN_ID --epochs 2",
    "compare": "results runs --margin 0.01",
    "report": "--results-dir runs",
    "tables": "--results-dir runs",
    "figures": "runs/cifar10/ablation-relu results/cifar10/ablation-relu --out figure",
}
FOLDERS = (
    "<results-dir>/<data set>/<experiment>: draw one figure of the runs in these folders, such as committed "
    "runs and your own; by default all figures of --results-dir are drawn again"
)
RERUN = (
    "Trains a recorded run again from its stored configuration. Compares the curve epoch by epoch, then the "
    "row's values: those of the last epoch, the experiment's metrics, and the arm's measurements if they "
    "need no other net. Names the columns that are not compared. Exit status: 0 if all values are bit-equal "
    "or equal within the tolerance, 1 if some differ, 2 for bad input."
)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status, such as 1 if runs failed or results differ."""
    return run_command(_parser().parse_args(arguments))


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="experiments",
        description="Experiments on claims of the paper and on questions of our own.",
        epilog="example: python -m experiments run relu --dataset builtin --seeds 0,1 --dry-run",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=OneLineParser)

    machine = OneLineParser(add_help=False)
    machine.add_argument("--data-dir", help="TFDS data directory (default: $TFDS_DATA_DIR)")
    machine.add_argument("--no-download", action="store_true", help="use only what is on disk")
    machine.add_argument("--replicas", default="auto", help="auto (every GPU) or a number")

    listing = subparsers.add_parser("list", help="experiments with claim, section, arms and cost")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    listing.set_defaults(command=commands.list_experiments)

    by_search = "choose each arm's learning rate by short runs that never use the report split"
    for name, command, text in (
        ("run", commands.run, "train every arm with every seed; finished runs are not run again"),
        ("search", commands.search, by_search),
    ):
        training = subparsers.add_parser(name, help=text, description=text, parents=[machine])
        training.add_argument("experiment", metavar="NAME", help="see `list`; ablation- may be left out")
        training.add_argument(
            "--dry-run", action="store_true", help="only print what would be trained, and the time"
        )
        training.add_argument("--dataset", default="auto", help="auto, builtin, a TFDS name or folder:PATH")
        training.add_argument("--arms", help="comma-separated; default all")
        if name == "run":
            seeds = "comma-separated; default the seeds that the arm declares"
            training.add_argument("--seeds", type=_seeds, default=(), help=seeds)
        add_setting_flags(training, PRECISIONS)
        training.add_argument(
            "--as", dest="name", default="", metavar="NAME",
            help="name of the arm in the rows; default its declared name, followed by the settings that "
            "change it, except epochs and precision",
        )  # fmt: skip
        add_checkpoint_flag(training)
        several = training.add_mutually_exclusive_group()
        jobs = (
            "number of simultaneous runs; default 1, in this process; otherwise each has its own process; "
            "auto: one per GPU, or per core as far as memory allows"
        )
        several.add_argument("--jobs", type=_jobs, default=1, metavar="N", help=jobs)
        scheduler = "a Dask scheduler whose workers train the runs"
        several.add_argument("--scheduler", default="", metavar="ADDRESS", help=scheduler)
        written = "where rows are written; default runs"
        training.add_argument("--results-dir", type=_folder, default=Path("runs"), help=written)
        training.add_argument("--tensorboard", action="store_true", help="write event files for TensorBoard")
        training.set_defaults(command=command)

    replaying = subparsers.add_parser(
        "rerun", help="replay a recorded run and compare its numbers", description=RERUN, parents=[machine]
    )
    replaying.add_argument("run_id", metavar="RUN_ID", help="as in runs.csv")
    replaying.add_argument("--results-dir", type=_folder, default=Path("results"), help="where the row is")
    replaying.add_argument("--epochs", type=whole_number(1), help="number of epochs to replay; default all")
    tolerance = "largest absolute difference that counts as equal; default 0, bit for bit"
    replaying.add_argument("--tolerance", type=float, default=0.0, help=tolerance)
    replaying.set_defaults(command=commands.rerun)

    comparing = subparsers.add_parser(
        "compare", help="compare two results folders, or one with the paper", description=COMPARE
    )
    a = "an experiment's folder, a CSV file in it, or a folder that contains folders of experiments"
    comparing.add_argument("a", metavar="A", type=_folder, help=a)
    b = f"like A, or the word {commands.PAPER} for the paper's numbers"
    comparing.add_argument("b", metavar="B", type=_folder_or_paper, help=b)
    how = comparing.add_mutually_exclusive_group()
    how.add_argument("--tolerance", type=float, default=0.0, help=tolerance)
    margin = "test instead whether means are equivalent within M; for errors 0.01 is one percentage point"
    how.add_argument("--margin", type=float, metavar="M", help=margin)
    comparing.add_argument("--metric", help="column of runs.csv to test with --margin; default test_error")
    comparing.add_argument("--json", action="store_true", help="print exit status and text as JSON")
    comparing.set_defaults(command=commands.compare)

    for name, text in (
        ("report", "write tables, figures, README's claims and the page of results from recorded rows"),
        ("tables", "write only the tables, claims.md and the tables of the READMEs"),
        ("figures", "draw only the figures"),
    ):
        reporting = subparsers.add_parser(name, help=text)
        read = "where the rows are; default results"
        reporting.add_argument("--results-dir", type=_folder, default=Path("results"), help=read)
        if name == "figures":
            _add_look(reporting)
        reporting.set_defaults(command=commands.report, tables=name != "figures", figures=name != "tables")
    for name, example in EXAMPLES.items():
        subparsers.choices[name].epilog = f"example: python -m experiments {name} {example}"
    return parser


def _add_look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", metavar="FOLDER", type=_folder, nargs="*", help=FOLDERS)
    look = parser.add_argument_group("with FOLDERs")
    out = "path of the figure without suffix; by default in runs/ and named after FOLDERs"
    flags = (
        look.add_argument("--out", type=_folder, help=out),
        look.add_argument("--format", default="png,svg", help="some of png,svg,pdf; default png,svg"),
        look.add_argument("--style", type=_folder, metavar="FILE.mplstyle", help="a Matplotlib style file"),
        look.add_argument("--no-title", action="store_true", help="leave out title and caption"),
        look.add_argument("--panel", default="", metavar="LETTER", help="draw one panel, on a linear axis"),
        look.add_argument("--font-scale", type=float, default=1.0, metavar="F", help="factor for all texts"),
    )
    parser.set_defaults(look=flags)


def _folder_or_paper(text: str) -> Path | str:
    return text if text == commands.PAPER and not Path(text).exists() else _folder(text)


def _folder(text: str) -> Path:
    return path(os.path.expanduser(text))


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()] or [text]
    return tuple(map(whole_number(), parts))


def _jobs(text: str) -> int:
    return 0 if text == "auto" else whole_number(1)(text)


if __name__ == "__main__":
    # Set before TensorFlow is imported, because its start-up messages would hide ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
