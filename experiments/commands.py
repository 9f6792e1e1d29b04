import argparse
import importlib.util
import json
import math
import os
import sys
from pathlib import Path

import experiments
from alexnet_tf.data.load import DataAccess
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.startup import MOST_THREADS
from alexnet_tf.runtime.suggestion import did_you_mean
from experiments.experiment import Experiment
from experiments.runner.find_run import find_run
from experiments.runner.options import Options
from experiments.runner.startup import started, threads_each

PAPER = "paper"


def list_experiments(options: argparse.Namespace) -> int:
    if options.json:
        fields = ("name", "claim", "section", "statement", "dataset", "precision", "cost")
        arm_fields = ("name", "change", "seeds")
        rows = []
        for each in experiments.EXPERIMENTS:
            arms = [
                {name: getattr(arm, name) for name in arm_fields} | {"epochs": arm.config.train.epochs}
                for arm in each.arms
            ]
            rows.append({name: getattr(each, name) for name in fields} | {"arms": arms})
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


def run(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _dry_run(options)
    experiment, run_options, strategy = _training_setup(options)
    from alexnet_tf.training.strategy import is_chief
    from alexnet_tf.training.workers import current_workers
    from experiments.evidence.claims import decided_by
    from experiments.evidence.read import evidence_of
    from experiments.report.finding import conclusion
    from experiments.report.write import write_report
    from experiments.runner.run import run_experiment

    folder, failed = run_experiment(experiment, run_options, strategy)
    current_workers().leave()
    if not is_chief(strategy):
        return int(failed > 0)
    write_report(folder, experiment, experiments=experiments.EXPERIMENTS)
    _print_table((folder / "table.md").read_text("utf-8"))
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".md", ".png", ".svg"):
            print(path)
    evidence = evidence_of(folder, experiment)
    print(f"\n{conclusion(evidence, decided_by(evidence, experiments.EXPERIMENTS))}")
    if failed:
        print(f"{failed} of the runs failed; the same command tries them again", file=sys.stderr)
    return int(failed > 0)


def _print_table(text: str) -> None:
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    from experiments.report.markdown import tables_as_lists

    console = Console()
    with console.capture() as shown:
        console.print(Markdown(text))
    # Rich truncates words that are wider than their column, and marks this with an ellipsis. Tables are then
    # shown as lists.
    console.print(Markdown(tables_as_lists(text) if "…" in shown.get() else text))


def _dry_run(options: argparse.Namespace) -> int:
    experiment, run_options, strategy = _training_setup(options)
    from experiments.runner.plan import plan

    print(plan(experiment, run_options, strategy, is_search=not hasattr(options, "seeds")))
    return 0


def search(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _dry_run(options)
    experiment, run_options, strategy = _training_setup(options)
    from alexnet_tf.training.workers import current_workers
    from experiments.runner.search import search_rates

    folder = search_rates(experiment, run_options, strategy)
    current_workers().leave()
    print(folder / "lr_search.csv")
    return 0


def rerun(options: argparse.Namespace) -> int:
    if not (options.tolerance >= 0 and math.isfinite(options.tolerance)):
        raise InputError(f"--tolerance: expected a finite number >= 0; received {options.tolerance}")
    run = find_run(options.results_dir, options.run_id)
    # The rerun uses the recorded number of threads, because it affects how floating-point sums are rounded.
    threads = run.record.get("environment", {}).get("intra_op_threads") or 0
    if type(threads) is not int or not 0 <= threads <= MOST_THREADS:
        raise InputError(
            f"{run.path}: intra_op_threads: expected a whole number from 0 to {MOST_THREADS}; "
            f"received {str(threads)[:40]}"
        )
    if threads:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
    strategy = started(options.replicas)
    from alexnet_tf.training.workers import current_workers
    from experiments.runner.rerun import rerun

    access = DataAccess(options.data_dir, not options.no_download)
    status, text = rerun(run, experiments.EXPERIMENTS, strategy, access, options.epochs, options.tolerance)
    current_workers().leave()
    print(text)
    return status


def compare(options: argparse.Namespace) -> int:
    from experiments.compare.paper import compare_with_paper
    from experiments.compare.results import compare, compare_means

    if options.metric and options.margin is None:
        raise InputError(f"--metric: expected --margin with it; received --metric {options.metric} alone")
    if options.b == PAPER:
        if options.tolerance != 0 or options.margin is not None:
            name = "tolerance" if options.margin is None else "margin"
            raise InputError(
                f"compare with {PAPER}: expected neither --tolerance nor --margin; received "
                f"--{name} {getattr(options, name)}"
            )
        status, text = compare_with_paper(options.a, experiments.EXPERIMENTS)
    elif options.margin is not None:
        metric = options.metric or "test_error"
        status, text = compare_means(options.a, options.b, metric, options.margin)
    else:
        status, text = compare(options.a, options.b, options.tolerance)
    print(json.dumps({"status": status, "lines": text.splitlines()}, indent=1) if options.json else text)
    return status


def report(options: argparse.Namespace) -> int:
    if getattr(options, "folders", []):
        return _overlay(options)
    for flag in getattr(options, "look", ()):
        if getattr(options, flag.dest) != flag.default:
            raise InputError(
                f"{flag.option_strings[0]}: expected FOLDERs to draw in one figure, such as "
                f"{options.results_dir}/cifar10/ablation-relu; received none"
            )
    from experiments.report.write import write_all

    for path in write_all(options.results_dir, experiments.EXPERIMENTS, options.tables, options.figures):
        print(path)
    if not (options.tables and options.figures):
        return 0
    if importlib.util.find_spec("altair") and importlib.util.find_spec("vl_convert"):
        from experiments.evidence.read import read_evidence
        from experiments.report.page.write import write_page

        found = read_evidence(options.results_dir, experiments.EXPERIMENTS)
        print(write_page(options.results_dir, found, experiments.EXPERIMENTS))
    else:
        page = options.results_dir / "report" / "index.html"
        print(f"{page} is not written: it needs `pip install -r requirements-report.txt`", file=sys.stderr)
    return 0


def _overlay(options: argparse.Namespace) -> int:
    formats, scale = _names("--format", options.format), options.font_scale
    if unknown := sorted(set(formats) - {"png", "svg", "pdf"}):
        raise InputError(f"--format: expected png, svg or pdf; received {', '.join(unknown)}")
    if not 0.1 <= scale <= 10:
        raise InputError(f"--font-scale: expected a factor from 0.1 to 10; received {scale}")
    from alexnet_tf.figures.look import write_encoded
    from experiments.evidence.claims import decided_by
    from experiments.report.figures.figure import Look, draw
    from experiments.report.figures.overlay import figure_name, overlaid

    look = Look(formats, options.style, not options.no_title, options.panel, scale)
    evidence = overlaid(options.folders, experiments.EXPERIMENTS)
    content = draw(evidence, look, decided_by(evidence, experiments.EXPERIMENTS))
    for path in write_encoded(options.out or Path("runs") / figure_name(options.folders), content):
        print(path)
    return 0


def _training_setup(options: argparse.Namespace):
    # Flags and locks are checked before TensorFlow is imported, because the import takes seconds.
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
        replicas=options.replicas,
        jobs=options.jobs,
        scheduler=options.scheduler,
    )
    run_options.check(experiment)
    run_options.check_unclaimed(experiment, is_search="seeds" not in options)
    if options.dry_run and options.jobs != 1:
        # A dry run measures the training speed with the number of threads that each job would get.
        os.environ.update(threads_each(options.jobs))
    strategy = started(options.replicas, run_options.is_spread and not options.dry_run)
    if run_options.is_spread and strategy.cluster_resolver is not None:
        received = (
            f"--scheduler {options.scheduler}" if options.scheduler else f"--jobs {options.jobs or 'auto'}"
        )
        raise InputError(
            "--jobs: expected 1, and no --scheduler, with several workers (TF_CONFIG, Slurm); "
            f"received {received}"
        )
    return experiment, run_options, strategy


def _experiment(name: str) -> Experiment:
    known = {experiment.name: experiment for experiment in experiments.EXPERIMENTS}
    found = known.get(name) or known.get(f"ablation-{name}")
    if found is None:
        raise InputError(
            f"expected an experiment, one of {', '.join(known)}; received {name!r}{did_you_mean(name, known)}"
        )
    return found


def _names(flag: str, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not names:
        raise InputError(f"{flag}: expected a comma-separated list; received {text!r}")
    return names
