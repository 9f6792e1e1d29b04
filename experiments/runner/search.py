import dataclasses
import glob
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

import experiments
from alexnet_tf.checkpoints.resume import remove_checkpoint
from alexnet_tf.config.fields import Config
from alexnet_tf.data.arrays import results_slug
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.data.selection import SELECTION_SHARE
from alexnet_tf.results.folder import check_search_row, prepare_folder, read_lr_search, record_search
from alexnet_tf.runtime.environment import git_commit
from alexnet_tf.runtime.errors import InputError, print_lines
from alexnet_tf.runtime.files import remove_temporaries
from alexnet_tf.training.compared import compared_values
from alexnet_tf.training.history import History
from alexnet_tf.training.network import check_run
from alexnet_tf.training.progress import images_to_train
from alexnet_tf.training.strategy import is_chief
from alexnet_tf.training.train import train
from alexnet_tf.training.workers import current_workers
from experiments.experiment import Arm, Experiment
from experiments.runner.options import Options, lock_path
from experiments.runner.reuse import find_shared_search
from experiments.runner.rows import timestamp
from experiments.runner.run import claimed_work, run_callbacks
from experiments.runner.startup import started
from experiments.runner.winner import SEARCH_SEED, SECOND_SEED, Rows, next_candidates

# Fields that the search sets, so `--set` must not.
OWN_FIELDS = ("learning_rate", "holdout")


def search_rates(experiment: Experiment, options: Options, strategy: tf.distribute.Strategy) -> Path:
    """Finds each arm's learning rate and writes lr_search.csv.

    The runs of a search never use the report split, and no arm declares their seeds. Rates that tie for the
    best result are trained with a second seed. If the winner is at an edge of its grid, the grid is extended.

    Returns:
        The folder of lr_search.csv.

    Raises:
        InputError: if the options are invalid, or if the workers that trained a candidate died.
    """
    arms = searched_arms(experiment, options)
    options, notices = options.settled(experiment, experiment.search_precision)
    folder = options.results_dir / results_slug(options.dataset) / experiment.name
    with claimed_work(folder, [(arm.name, "search") for arm in arms], strategy):
        # Checked before `prepare_folder` writes anything.
        for arm in arms:
            config, data, _ = opened(arm, arm.grid[0], SEARCH_SEED, options)
            check_run(config, data, strategy)
        current_workers().compare({"arms": ", ".join(arm.name for arm in arms)})
        if is_chief(strategy):
            prepare_folder(folder, experiment.columns, data.image_set.fingerprint)
        current_workers().check_shared(folder, "results directory")
        for arm in arms:
            for rate in arm.grid:
                for seed in (SEARCH_SEED, SECOND_SEED):
                    config_hash = candidate(arm, rate, options, seed).hash(data.image_set.fingerprint)
                    check_search_row(folder, arm.name, rate, seed, config_hash)
        print_lines(notices)
        selection_size = round(SELECTION_SHARE * len(data.image_set.train_labels))
        _search_arms(experiment, arms, folder, options, strategy, selection_size)
    return folder


def searched_arms(experiment: Experiment, options: Options) -> list[Arm]:
    """The arms that have a grid of learning rates, with their names in lr_search.csv.

    Raises:
        InputError: if no arm has a grid, or if a setting changes one of `OWN_FIELDS`.
    """
    for setting in options.settings:
        if setting.partition("=")[0] in OWN_FIELDS:
            raise InputError(f"--set: expected a field that search does not set itself; received {setting!r}")
    arms = [
        dataclasses.replace(arm, name=options.variant(arm)[0])
        for arm in options.chosen_arms(experiment)
        if arm.grid
    ]
    if not arms:
        raise InputError(
            f"{experiment.name}: expected an arm whose rate is searched; received only arms that use the "
            "rates of other arms"
        )
    return arms


def _search_arms(
    experiment: Experiment,
    arms: Sequence[Arm],
    folder: Path,
    options: Options,
    strategy: tf.distribute.Strategy,
    selection_size: int,
) -> None:
    found: dict[str, Rows] = {arm.name: {} for arm in arms}
    waiting = {arm.name: 0 for arm in arms}
    tasks: list = []

    def record(arm: Arm, rows: Sequence[dict[str, Any]]) -> None:
        found[arm.name] |= {(row["learning_rate"], row["seed"]): row for row in rows}
        if is_chief(strategy):
            record_search(folder, rows, [each.name for each in experiment.arms])
            for row in rows:
                remove_checkpoint(
                    _checkpoint(arm, row["learning_rate"], row["seed"], row["config_hash"], folder)
                )

    def extend(arm: Arm) -> None:
        while wanted := next_candidates(experiment, arm, found[arm.name], selection_size):
            for rate, seed in wanted:
                config, data, config_hash = opened(arm, rate, seed, options)
                # Waits for all workers, so that all find the chief's last row.
                current_workers().compare(compared_values(config, data.image_set.fingerprint))
                row = found_row(experiment, arm, config_hash, folder)
                if row is None and options.is_spread:
                    from experiments.runner.jobs import Task

                    work = experiment.name, dataclasses.replace(arm, probe=None), rate, seed, folder, options
                    images = images_to_train(data.train_size, config.train)
                    tasks.append(Task(lock_path(folder, arm.name, "search"), images, work))
                    waiting[arm.name] += 1
                else:
                    record(arm, [row or trained_row(experiment, arm, rate, seed, folder, options, strategy)])
            if waiting[arm.name]:
                return
        # A search with another grid may have marked a rate that this one did not try.
        earlier = [row for row in read_lr_search(folder).rows if row["arm"] == arm.name and row["winner"]]
        tried = found[arm.name]
        lost = [row for row in earlier if (row["learning_rate"], row["seed"]) not in tried]
        record(arm, [*tried.values(), *({**row, "winner": False} for row in lost)])

    def record_and_extend(task: object, row: dict[str, Any] | Exception) -> None:
        if isinstance(row, Exception):
            raise InputError(
                f"{experiment.name}: expected workers that stay alive until a candidate is trained; "
                f"received: {row}"
            )
        (arm,) = (arm for arm in arms if arm.name == row["arm"])
        record(arm, [row])
        waiting[arm.name] -= 1
        if not waiting[arm.name]:
            extend(arm)

    for arm in arms:
        extend(arm)
    if tasks:
        from experiments.runner.jobs import open_jobs

        with open_jobs(options, at_most=len(tasks)) as jobs:
            jobs.run(experiment.name, trained_elsewhere, tasks, record_and_extend)


def opened(arm: Arm, rate: float, seed: int, options: Options) -> tuple[Config, DataPipelines, str]:
    config = candidate(arm, rate, options, seed)
    data = open_data(config.data, options.access)
    return config, data, config.hash(data.image_set.fingerprint)


def found_row(experiment: Experiment, arm: Arm, config_hash: str, folder: Path) -> dict[str, Any] | None:
    """The row of a candidate that was trained before, for any arm or experiment; None if there is none."""
    for row in read_lr_search(folder).rows:
        if row["arm"] == arm.name and row["config_hash"] == config_hash:
            return row
    shared = find_shared_search(folder, config_hash, experiment.objective)
    return shared and {**shared, "experiment": experiment.name, "arm": arm.name, "winner": False}


def trained_row(
    experiment: Experiment,
    arm: Arm,
    rate: float,
    seed: int,
    folder: Path,
    options: Options,
    strategy: tf.distribute.Strategy,
) -> dict[str, Any]:
    config, data, config_hash = opened(arm, rate, seed, options)
    checkpoint = _checkpoint(arm, rate, seed, config_hash, folder)
    remove_temporaries(checkpoint.parent, f"{glob.escape(checkpoint.name)}*")
    callbacks = run_callbacks(f"search {arm.name} {rate:g} seed {seed}", config, data, folder, options)
    every = options.checkpoint_every
    _, history = train(config, data, strategy, checkpoint, callbacks, report=False, checkpoint_every=every)
    return make_row(experiment, arm, config, config_hash, history)


def trained_elsewhere(
    name: str, arm: Arm, rate: float, seed: int, folder: Path, options: Options, progress: Callable[..., Any]
) -> dict[str, Any]:
    experiment = {each.name: each for each in experiments.EXPERIMENTS}[name]
    options = dataclasses.replace(options, progress=progress)
    return trained_row(experiment, arm, rate, seed, folder, options, started(options.replicas))


def _checkpoint(arm: Arm, rate: float, seed: int, config_hash: str, folder: Path) -> Path:
    # The hash keeps checkpoints of other configurations from being overwritten.
    lock = lock_path(folder, arm.name, "search")
    return lock.with_name(f"{lock.stem}-{rate:g}-{seed}-{config_hash[:10]}.npz")


def candidate(arm: Arm, rate: float, options: Options, seed: int = SEARCH_SEED) -> Config:
    """The arm's config for a search, with a held-out selection split."""
    config = arm.config.replace(seed=seed, holdout=True, epochs=arm.search_epochs, learning_rate=rate)
    if config.train.schedule == "steps":
        drops = shortened(config.train.drops, arm.config.train.epochs, arm.search_epochs)
        config = config.replace(drops=drops)
    return options.configured(config)


def make_row(
    experiment: Experiment, arm: Arm, config: Config, config_hash: str, history: History
) -> dict[str, Any]:
    """The row of a candidate; `value` is None if the run diverged or missed the target."""
    selection_error = history.selection_errors[-1] if history.selection_errors else None
    if experiment.objective == "epochs_to_target":
        value = next(iter(experiment.of_curve(history.curve).values()))
    else:
        value = selection_error
    diverged = history.status == "diverged"
    return {
        "experiment": experiment.name, "arm": arm.name,
        "learning_rate": config.train.learning_rate, "seed": config.seed,
        "epochs": history.curve[-1]["epoch"], "status": history.status,
        "objective": experiment.objective, "value": None if diverged else value,
        "train_error": None if diverged else history.curve[-1]["train_error"],
        "selection_error": None if diverged else selection_error,
        "winner": False, "precision": config.precision,
        "config_hash": config_hash, "git_commit": git_commit(), "finished_at": timestamp(),
    }  # fmt: skip


def shortened(drops: tuple[int, ...], epochs: int, search_epochs: int) -> tuple[int, ...]:
    """The epochs after which a shorter run drops its rate, at about the same fractions of the run.

    Drops that would follow the same epoch become one.

    Example:

    >>> shortened((11, 13), epochs=15, search_epochs=6), shortened((8, 10), epochs=12, search_epochs=4)
    ((4, 5), (3,))
    """
    return tuple(dict.fromkeys(max(1, round(drop * search_epochs / epochs)) for drop in drops))
