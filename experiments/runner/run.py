import contextlib
import dataclasses
import glob
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import experiments
from alexnet_tf.checkpoints.resume import has_checkpoint
from alexnet_tf.config.fields import Config
from alexnet_tf.data.arrays import results_slug
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.results.folder import finished_run, prepare_folder, read_runs, record_run
from alexnet_tf.results.records import config_of, read_records
from alexnet_tf.runtime.environment import git_commit
from alexnet_tf.runtime.errors import InputError, expected_failure, print_lines, printable
from alexnet_tf.runtime.files import claimed, made_folder, remove_temporaries
from alexnet_tf.training.compared import compared_values
from alexnet_tf.training.history import History, TrainingInterrupted
from alexnet_tf.training.network import check_run
from alexnet_tf.training.progress import CommandProgress, RunProgress, images_to_train
from alexnet_tf.training.strategy import is_chief
from alexnet_tf.training.train import train
from alexnet_tf.training.workers import current_workers
from experiments.experiment import Arm, Experiment
from experiments.runner.options import Options, lock_path
from experiments.runner.reuse import find_kept_net, find_shared_run, keep_net
from experiments.runner.rows import Outcome, Run, failed_outcome, shared_outcome, trained_outcome
from experiments.runner.startup import started


def run_experiment(
    experiment: Experiment, options: Options, strategy: tf.distribute.Strategy
) -> tuple[Path, int]:
    """Trains the unfinished runs and writes their rows to runs.csv.

    A run that crashes or is interrupted is recorded as failed, and the next call tries it again. After a
    crash the other runs continue. An interruption ends the command: it is raised again.

    Returns:
        The folder of runs.csv, and the number of failed runs.

    Raises:
        InputError: if options or input are invalid, or if a run on several workers crashes.
    """
    options, notices = options.settled(experiment, experiment.precision)
    folder = options.results_dir / results_slug(options.dataset) / experiment.name
    planned = [(arm, seed) for arm in options.chosen_arms(experiment) for seed in options.seeds or arm.seeds]
    to_claim = [
        (name, f"seed{other}")
        for arm, seed in planned
        if not finished_run(folder, name := options.variant(arm)[0], seed)
        for other in [seed, *(arm.partners(seed) if arm.probe else [])]
    ]
    with claimed_work(folder, to_claim, strategy):
        runs = [planned_run(experiment, *each, folder, options, strategy) for each in planned]
        workers = current_workers()
        workers.compare({"runs": ", ".join(f"{run.name} seed {run.config.seed}" for run in runs)})
        for run in runs:
            workers.compare(compared_values(run.config, run.data.image_set.fingerprint))
        if is_chief(strategy):
            prepare_folder(folder, experiment.columns, runs[0].data.image_set.fingerprint)
        workers.check_shared(folder, "results directory")
        if options.name:
            check_same_settings(runs[0])
        for run in runs:
            # Raises an InputError for a row with another config hash.
            finished_run(folder, run.name, run.config.seed, run.config_hash)
        notices += runs[0].data.image_set.opening()
        print_lines(notices)
        if options.is_spread:
            return folder, spread(runs, options, strategy)
        work = [images_to_train(run.data.train_size, run.config.train) for run in runs]
        with CommandProgress(experiment.name, work) as progress:
            succeeded = [finish(run, options, strategy) for run in progress.each(runs)]
    return folder, succeeded.count(False)


def check_same_settings(run: Run) -> None:
    """Raises an InputError if recorded runs of this name (--as) have other settings.

    Seed, epochs and precision may differ.
    """
    records, _ = read_records(run.folder)
    for row in read_runs(run.folder).rows:
        if row["arm"] == run.name and row["status"] != "failed" and row["run_id"] in records:
            there = config_of(records[row["run_id"]], run.folder / "records" / f"{row['run_id']}.json")
            epochs, precision = run.config.train.epochs, run.config.precision
            if there.replace(seed=run.config.seed, epochs=epochs, precision=precision) != run.config:
                raise InputError(
                    f"--as: expected the settings of the recorded runs named {run.name!r}, as in "
                    f"{row['run_id']}; received others; choose another name"
                )


def spread(runs: Sequence[Run], options: Options, strategy: tf.distribute.Strategy) -> int:
    """Executes the unfinished runs in other processes; returns the number of failed runs.

    If two runs need the same net, the later run waits for the earlier one and reuses the net, so that the
    rows are the same as from one process.
    """
    from experiments.runner.jobs import Task, open_jobs

    left = {run.run_id: run for run in runs if not is_recorded(run, strategy)}
    tasks: list[Task] = []
    begun: set[str] = set()
    failed = 0

    def begin() -> None:
        earlier: set[str] = set()
        for run_id, run in left.items():
            nets = {net.config_hash for net in (run, *partners(run))}
            if run_id not in begun and not nets & earlier:
                begun.add(run_id)
                names = run.experiment.name, run.arm.name, run.config.seed
                images = images_to_train(run.data.train_size, run.config.train)
                tasks.append(Task(run.lock, images, (*names, run.folder, options)))
            earlier |= nets

    def record_and_begin(task: Task, outcome: Outcome | Exception) -> None:
        nonlocal failed
        run = next(run for run in left.values() if run.lock == task.lock)
        if isinstance(outcome, Exception):
            outcome = failed_outcome(run, f"{type(outcome).__name__}: {outcome}", strategy)
        record(run, outcome)
        failed += outcome.row["status"] == "failed"
        del left[run.run_id]
        begin()

    begin()
    if tasks:
        with open_jobs(options, at_most=len(left)) as jobs:
            jobs.run(runs[0].experiment.name, executed_elsewhere, tasks, record_and_begin)
    return failed


def executed_elsewhere(
    name: str, arm: str, seed: int, folder: Path, options: Options, progress: Callable[..., Any]
) -> Outcome:
    experiment = {each.name: each for each in experiments.EXPERIMENTS}[name]
    strategy = started(options.replicas)
    options = dataclasses.replace(options, progress=progress)
    run = planned_run(experiment, experiment.arm(arm), seed, folder, options, strategy)
    # A worker that died may have left temporary files.
    remove_temporaries(run.checkpoint.parent, f"{glob.escape(run.checkpoint.name)}*")
    # Some exceptions cannot be sent to another process. The row contains the status and the reason.
    return dataclasses.replace(outcome_of(run, options, strategy), error=None)


@contextlib.contextmanager
def claimed_work(
    folder: Path, work: Sequence[tuple[str, str]], strategy: tf.distribute.Strategy
) -> Iterator[None]:
    """A context in which the chief holds the locks of all runs and searches that a command may execute.

    Args:
        work: pairs of an arm's name and either `search` or the seed of a run, such as `seed0`.

    Raises:
        InputError: if another process holds one of the locks.
    """
    with contextlib.ExitStack() as claims:
        if is_chief(strategy):
            claims.enter_context(made_folder(folder / "state", "results directory"))
            for path in dict.fromkeys(lock_path(folder, *each) for each in work):
                claims.enter_context(claimed(path, path.stem))
                remove_temporaries(path.parent, f"{path.stem}-*")
        yield


def partners(run: Run) -> list[Run]:
    seeds = run.arm.partners(run.config.seed) if run.arm.probe else []
    return [dataclasses.replace(run, config=run.config.replace(seed=seed)) for seed in seeds]


def finish(run: Run, options: Options, strategy: tf.distribute.Strategy) -> bool:
    """Executes and records a run unless it is finished; returns False if it crashed."""
    # The comparison waits for all workers, so all of them find the row that the chief wrote last.
    current_workers().compare({"run": run.run_id})
    if is_recorded(run, strategy):
        return True
    outcome = outcome_of(run, options, strategy)
    if is_chief(strategy):
        record(run, outcome)
    if isinstance(outcome.error, KeyboardInterrupt):
        raise outcome.error
    if outcome.error and strategy.cluster_resolver is not None:
        # Other workers may still wait for this one. They end when it ends.
        raise InputError(f"{run.run_id}: failed, so all workers end; the same command tries it again")
    return outcome.error is None


def is_recorded(run: Run, strategy: tf.distribute.Strategy) -> bool:
    row = finished_run(run.folder, run.name, run.config.seed)
    if row:
        print(f"{run.run_id}: already {row['status']}, not run again", flush=True)
        if is_chief(strategy) and row["git_commit"] != git_commit():
            print(f"{run.run_id}: recorded at commit {row['git_commit']}; now at {git_commit()}")
    return row is not None


def outcome_of(run: Run, options: Options, strategy: tf.distribute.Strategy) -> Outcome:
    """Executes a run. A crash or an interruption becomes a failed row; an InputError is raised."""
    try:
        return execute(run, options, strategy)
    except InputError:
        raise
    except Exception as error:
        if line := expected_failure(error):
            print(printable(f"{run.run_id}: {line}"), file=sys.stderr)
        else:
            traceback.print_exc()
        if strategy.cluster_resolver is None:
            print(f"{run.run_id}: failed, the other runs continue", file=sys.stderr, flush=True)
        reason = f"{type(error).__name__}: {str(error).strip()}"
        return failed_outcome(run, reason, strategy, error)
    except KeyboardInterrupt as stop:
        again = "resumes the run" if has_checkpoint(run.checkpoint) else "starts the run again"
        reason = f"{str(stop) or 'interrupted'}; the same command {again}"
        # If the run's own net is kept, the training of a partner was interrupted.
        is_own = not find_kept_net(run.folder, run.run_id, run.config_hash)
        history = stop.history if is_own and isinstance(stop, TrainingInterrupted) else None
        return failed_outcome(run, reason, strategy, stop, history)


def planned_run(
    experiment: Experiment,
    arm: Arm,
    seed: int,
    folder: Path,
    options: Options,
    strategy: tf.distribute.Strategy,
) -> Run:
    """The run of one arm with one seed, checked without training."""
    config = options.configured(arm.config.replace(seed=seed))
    data = open_data(config.data, options.access)
    check_run(config, data, strategy)
    # `variant` gives the last two fields, `name` and `variant`.
    return Run(experiment, arm, config, data, folder, *options.variant(arm))


def execute(run: Run, options: Options, strategy: tf.distribute.Strategy) -> Outcome:
    """Trains a run, or reuses the row of a recorded run with the same config hash.

    A probe measures a net, so for an arm with a probe the row is reused only if the net of that run is kept.
    """
    kept = find_kept_net(run.folder, run.run_id, run.config_hash)
    shared = find_shared_run(run.folder, run.name, run.config_hash, kept if run.arm.probe else None)
    if shared and (kept or not run.arm.probe):
        print(f"{run.run_id}: the same run as {shared.row['run_id']}, so it is not trained again", flush=True)
    elif shared:
        print(f"{run.run_id}: trained, because the net of the equal run {shared.row['run_id']} is missing")
        shared = None
    if shared and not run.arm.probe:
        return shared_outcome(run, shared, {})
    model, history = trained(run, options, strategy)
    probed: Mapping[str, float | None] = {}
    if run.arm.probe and history.status == "done":
        models = [model, *(trained(other, options, strategy)[0] for other in partners(run))]
        probed = run.arm.probe(models, run.data)
    if shared:
        return shared_outcome(run, shared, probed)
    return trained_outcome(run, history, strategy, probed)


def trained(run: Run, options: Options, strategy: tf.distribute.Strategy) -> tuple[keras.Model, History]:
    """The net and history of a run. Trains the run unless a net with its config hash is kept."""
    kept = find_kept_net(run.folder, run.run_id, run.config_hash)
    callbacks = () if kept else run_callbacks(run.run_id, run.config, run.data, run.folder, options)
    # From the checkpoint of a finished run, `train` trains no step.
    path, every = kept or run.checkpoint, options.checkpoint_every
    model, history = train(run.config, run.data, strategy, path, callbacks, checkpoint_every=every)
    if not kept and is_chief(strategy):
        keep_net(run.checkpoint)
    return model, history


def record(run: Run, outcome: Outcome) -> None:
    owner = {"experiment": run.experiment.name, "arm": run.name, "seed": run.config.seed}
    curve, about = [{**point, **owner} for point in outcome.curve], {**outcome.about, "run_id": run.run_id}
    order = [arm.name for arm in run.experiment.arms]
    record_run(run.folder, outcome.row, curve, about, run.experiment.columns, order)


def run_callbacks(
    label: str, config: Config, data: DataPipelines, folder: Path, options: Options
) -> Sequence[keras.callbacks.Callback]:
    callbacks = [(options.progress or RunProgress)(label, data.train_size, config.train)]
    if options.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(folder / "state" / "tensorboard" / label))
    return callbacks
