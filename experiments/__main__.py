"""The command line: `python -m experiments list | run | search | rerun | compare | report ...`.

All flags are defined here; other modules take objects.
"""

import argparse
import importlib.util
import json
import math
import os
import sys
from pathlib import Path

import experiments
from alexnet_tf.config.fields import PRECISIONS
from alexnet_tf.data.load import DataAccess
from alexnet_tf.runtime.commandline import (
    OneLineParser,
    add_checkpoint_flag,
    add_setting_flags,
    run_command,
    whole_number,
)
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.startup import quiet_startup
from alexnet_tf.runtime.suggestion import did_you_mean
from experiments.experiment import Experiment
from experiments.runner.find_run import find_run
from experiments.runner.options import Options

# The word that `compare` accepts instead of a second folder.
PAPER = "paper"
COMPARE = (
    "Exit status for two folders: 0 no rows of equal configuration differ, nor their records, 1 some do, 2 "
    "bad input or nothing in common. For a folder and the paper: 0 no interval of a claim's own comparisons "
    "excludes the paper's number on the side of no effect (it holds the number, or is stronger), 1 some do, "
    "2 bad input or no such interval. With --margin: 0 the means of every common arm are equivalent (the "
    "90% interval of A - B lies within +-M, which is both one-sided Welch tests at 5%), 1 not shown for "
    "some arm, 2 bad input."
)

FOLDERS = (
    "<results-dir>/<data set>/<experiment>: instead of redrawing all, draw one figure of the runs in these "
    "folders, such as committed ones and one's own"
)
RERUN = (
    "Trains a recorded run again from its stored configuration and compares the curve, epoch by epoch, and "
    "the row's own values: those of the last epoch, the experiment's metrics, and what its arm measures of "
    "the net where that takes this one net alone. Columns that are not replayed are named. Exit status: 0 "
    "bit-equal or equal within the tolerance, 1 different, 2 bad input."
)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 success, 1 negative answer, 2 bad input."""
    return run_command(_parser().parse_args(arguments))


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="experiments",
        description="The claims of the paper, one experiment each.",
        epilog="example: python -m experiments run relu --dataset builtin --seeds 0,1 --dry-run",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=OneLineParser)

    machine = OneLineParser(add_help=False)
    machine.add_argument("--data-dir", help="TFDS data directory (default: $TFDS_DATA_DIR)")
    machine.add_argument("--no-download", action="store_true", help="use only what is on disk")
    machine.add_argument("--replicas", default="auto", help="auto (every GPU) or a number")

    listing = commands.add_parser("list", help="experiments with claim, section, arms and cost")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    listing.set_defaults(command=_list)

    for name, command, text in (
        ("run", _run, "train every arm with every seed; finished runs are not run again"),
        ("search", _search, "choose each arm's learning rate on the selection split"),
    ):
        training = commands.add_parser(name, help=text, description=text, parents=[machine])
        training.add_argument("experiment", metavar="NAME", help="see `list`; ablation- may be left out")
        training.add_argument(
            "--dry-run",
            action="store_true",
            help="print what would be trained and how long, and train nothing",
        )
        training.add_argument("--dataset", default="auto", help="auto, builtin, a TFDS name or folder:PATH")
        training.add_argument("--arms", help="comma list; default all")
        if name == "run":
            training.add_argument(
                "--seeds", type=_seeds, default=(), help="comma list; default the arm's own"
            )
        add_setting_flags(training, PRECISIONS)
        training.add_argument(
            "--as", dest="name", default="", metavar="NAME",
            help="name of the arm in the rows; default the arm's own, with its settings",
        )  # fmt: skip
        add_checkpoint_flag(training)
        training.add_argument(
            "--results-dir", type=_folder, default=Path("runs"), help="where rows are written; default runs"
        )
        training.add_argument("--tensorboard", action="store_true", help="write event files below state/")
        training.set_defaults(command=command)

    replaying = commands.add_parser(
        "rerun",
        help="replay a recorded run; does it give the same numbers?",
        description=RERUN,
        parents=[machine],
    )
    replaying.add_argument("run_id", metavar="RUN_ID", help="as in runs.csv")
    replaying.add_argument("--results-dir", type=_folder, default=Path("results"), help="where its row is")
    replaying.add_argument("--epochs", type=whole_number(1), help="replay so many at most; default all")
    replaying.add_argument("--tolerance", type=float, default=0.0, help="absolute; default 0, bit for bit")
    replaying.set_defaults(command=_rerun)

    comparing = commands.add_parser(
        "compare", help="do two results folders agree, or one with the paper?", description=COMPARE
    )
    comparing.add_argument(
        "a", metavar="A", type=_folder, help="a results folder of any level, or a CSV in it"
    )
    comparing.add_argument(
        "b", metavar="B", help=f"likewise; or the word {PAPER}, for the paper's own numbers"
    )
    how = comparing.add_mutually_exclusive_group()
    how.add_argument("--tolerance", type=float, default=0.0, help="absolute; default 0, bit for bit")
    how.add_argument(
        "--margin",
        type=float,
        metavar="M",
        help="test instead whether means are equivalent within M, a fraction for errors: 0.01 is a point",
    )
    comparing.add_argument(
        "--metric", help="the column of runs.csv to test with --margin; default test_error"
    )
    comparing.add_argument("--json", action="store_true", help="print exit status and text as JSON")
    comparing.set_defaults(command=_compare)

    for name, text in (
        ("report", "redraw tables, figures, README's claims and the page of results from recorded rows"),
        ("tables", "redraw the tables only"),
        ("figures", "redraw the figures only"),
    ):
        reporting = commands.add_parser(name, help=text)
        reporting.add_argument(
            "--results-dir", type=_folder, default=Path("results"), help="where the rows are; default results"
        )
        if name == "figures":
            _add_look(reporting)
        reporting.set_defaults(command=_report, tables=name != "figures", figures=name != "tables")
    return parser


def _add_look(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of one figure of several folders."""
    parser.add_argument("folders", metavar="FOLDER", type=_folder, nargs="*", help=FOLDERS)
    look = parser.add_argument_group("with FOLDERs")
    look.add_argument("--out", type=_folder, default=Path("runs/figure"), help="path without suffix")
    look.add_argument("--format", default="png,svg", help="comma list of png, svg, pdf; default png,svg")
    look.add_argument("--style", type=_folder, metavar="FILE.mplstyle", help="a Matplotlib style file")
    look.add_argument("--no-title", action="store_true", help="leave out title and caption")
    look.add_argument("--panel", default="", metavar="LETTER", help="this panel alone, on a linear axis")
    look.add_argument("--font-scale", type=float, default=1.0, metavar="F", help="factor for all texts")


def _list(options: argparse.Namespace) -> int:
    if options.json:
        fields = ("name", "claim", "section", "statement", "dataset", "precision", "cost")
        arm_fields = ("name", "change", "seeds")
        rows = [
            {name: getattr(each, name) for name in fields}
            | {
                "arms": [
                    {name: getattr(arm, name) for name in arm_fields} | {"epochs": arm.config.train.epochs}
                    for arm in each.arms
                ]
            }
            for each in experiments.EXPERIMENTS
        ]
        print(json.dumps(rows, indent=1))
        return 0
    for experiment in experiments.EXPERIMENTS:
        print(f"{experiment.name}  {experiment.claim}, section {experiment.section}  ({experiment.cost})")
        print(f"    {experiment.statement}")
        print(f"    evidence on {experiment.dataset} in {experiment.precision}")
        for arm in experiment.arms:
            seeds, epochs = len(arm.seeds), arm.config.train.epochs
            print(
                f"    {arm.name:<16} {arm.change}; {seeds} seed{'s' * (seeds != 1)}, at most {epochs} "
                f"epoch{'s' * (epochs != 1)}"
            )
    return 0


def _run(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _dry_run(options)
    experiment, run_options, strategy = _training_setup(options)
    from alexnet_tf.training.strategy import is_chief
    from alexnet_tf.training.workers import current_workers
    from experiments.evidence.read import evidence_of
    from experiments.report.finding import conclusion
    from experiments.report.write import write_report
    from experiments.runner.run import run_experiment

    folder, failed = run_experiment(experiment, run_options, strategy)
    current_workers().leave()
    if not is_chief(strategy):
        return int(failed > 0)
    write_report(folder, experiment)
    _print_table((folder / "table.md").read_text("utf-8"))
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".md", ".png", ".svg"):
            print(path)
    print(f"\n{conclusion(evidence_of(folder, experiment))}")
    if failed:
        print(f"{failed} of the runs failed; the same command tries them again", file=sys.stderr)
    return int(failed > 0)


def _print_table(text: str) -> None:
    """Prints Markdown: as it is in the file, or on a terminal with aligned tables."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        print(text)


def _dry_run(options: argparse.Namespace) -> int:
    experiment, run_options, strategy = _training_setup(options)
    from experiments.runner.plan import plan

    print(plan(experiment, run_options, strategy, is_search=not hasattr(options, "seeds")))
    return 0


def _search(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _dry_run(options)
    experiment, run_options, strategy = _training_setup(options)
    from alexnet_tf.training.workers import current_workers
    from experiments.runner.search import search_rates

    folder = search_rates(experiment, run_options, strategy)
    current_workers().leave()
    print(folder / "lr_search.csv")
    return 0


def _rerun(options: argparse.Namespace) -> int:
    if not (options.tolerance >= 0 and math.isfinite(options.tolerance)):
        raise InputError(f"--tolerance: expected a finite number >= 0; received {options.tolerance}")
    run = find_run(options.results_dir, options.run_id)
    # Use the recorded number of threads: it affects how floating-point sums are rounded.
    threads = run.record.get("environment", {}).get("intra_op_threads")
    if threads:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
    strategy = _started(options.replicas)
    from alexnet_tf.training.workers import current_workers
    from experiments.runner.rerun import rerun

    access = DataAccess(options.data_dir, not options.no_download)
    status, text = rerun(run, experiments.EXPERIMENTS, strategy, access, options.epochs, options.tolerance)
    current_workers().leave()
    print(text)
    return status


def _compare(options: argparse.Namespace) -> int:
    from experiments.compare.paper import compare_with_paper
    from experiments.compare.results import compare, compare_means

    if options.metric and options.margin is None:
        raise InputError(f"expected --margin with --metric; received --metric {options.metric} alone")
    # If a folder named "paper" exists, it is meant.
    if options.b == PAPER and not Path(PAPER).exists():
        if options.tolerance != 0 or options.margin is not None:
            flag = f"--margin {options.margin}" if options.margin else f"--tolerance {options.tolerance}"
            raise InputError(f"expected neither --tolerance nor --margin with {PAPER}; received {flag}")
        status, text = compare_with_paper(options.a, experiments.EXPERIMENTS)
    elif options.margin is not None:
        metric = options.metric or "test_error"
        status, text = compare_means(options.a, _folder(options.b), metric, options.margin)
    else:
        status, text = compare(options.a, _folder(options.b), options.tolerance)
    print(json.dumps({"status": status, "lines": text.splitlines()}, indent=1) if options.json else text)
    return status


def _report(options: argparse.Namespace) -> int:
    if getattr(options, "folders", []):
        return _overlay(options)
    from experiments.report.write import write_all

    for path in write_all(options.results_dir, experiments.EXPERIMENTS, options.tables, options.figures):
        print(path)
    if options.tables and options.figures:
        if importlib.util.find_spec("altair") and importlib.util.find_spec("vl_convert"):
            from experiments.evidence.read import read_evidence
            from experiments.report.page.write import write_page

            found = read_evidence(options.results_dir, experiments.EXPERIMENTS)
            print(write_page(options.results_dir, found, experiments.EXPERIMENTS))
        else:
            page = options.results_dir / "report" / "index.html"
            print(
                f"{page} is not written: it needs `pip install -r requirements-report.txt`", file=sys.stderr
            )
    return 0


def _overlay(options: argparse.Namespace) -> int:
    formats, scale = _names("--format", options.format), options.font_scale
    if unknown := sorted(set(formats) - {"png", "svg", "pdf"}):
        raise InputError(f"--format: expected png, svg or pdf; received {', '.join(unknown)}")
    if not 0.1 <= scale <= 10:
        raise InputError(f"--font-scale: expected a factor from 0.1 to 10; received {scale}")
    from alexnet_tf.figures.look import write_encoded
    from experiments.report.figures.figure import Look, draw
    from experiments.report.figures.overlay import overlaid

    look = Look(formats, options.style, not options.no_title, options.panel, scale)
    content = draw(overlaid(options.folders, experiments.EXPERIMENTS), look)
    for path in write_encoded(options.out, content):
        print(path)
    return 0


def _training_setup(options: argparse.Namespace):
    """Checks flags and locks before TensorFlow is imported."""
    experiment = _experiment(options.experiment)
    run_options = Options(
        dataset=options.dataset,
        access=DataAccess(options.data_dir, not options.no_download),
        arms=_names("--arms", options.arms),
        seeds=getattr(options, "seeds", ()),
        settings=tuple(options.settings),
        name=options.name,
        results_dir=options.results_dir,
        tensorboard=options.tensorboard,
        checkpoint_every=options.checkpoint_every,
    )
    run_options.check(experiment)
    run_options.check_unclaimed(experiment, is_search="seeds" not in options)
    return experiment, run_options, _started(options.replicas)


def _started(replicas: str):
    """Starts TensorFlow, quiet and deterministic; returns the strategy for this number of replicas."""
    with quiet_startup():
        import tensorflow as tf

        from alexnet_tf.runtime.environment import git_commit
        from alexnet_tf.training.strategy import make_strategy, warn_of_unseen_gpu

        git_commit()
        # TensorFlow warns that every run creates a new tf.function, which is intended.
        tf.get_logger().setLevel("ERROR")
        # Two runs with the same seed have to be bit-identical.
        tf.config.experimental.enable_op_determinism()
        strategy = make_strategy(replicas)
        tf.config.list_logical_devices()
    warn_of_unseen_gpu()
    return strategy


def _experiment(name: str) -> Experiment:
    known = {experiment.name: experiment for experiment in experiments.EXPERIMENTS}
    found = known.get(name) or known.get(f"ablation-{name}")
    if found is None:
        raise InputError(
            f"expected an experiment, one of {', '.join(known)}; received {name!r}{did_you_mean(name, known)}"
        )
    return found


def _folder(text: str) -> Path:
    return Path(os.path.expanduser(text))


def _names(flag: str, text: str | None) -> tuple[str, ...]:
    """The items of a comma-separated list; empty if the flag was not given."""
    if text is None:
        return ()
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not names:
        raise InputError(f"{flag}: expected a comma list; received {text!r}")
    return names


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()] or [text]
    return tuple(map(whole_number(), parts))


if __name__ == "__main__":
    # Set before TensorFlow is imported: its start-up messages would hide ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
