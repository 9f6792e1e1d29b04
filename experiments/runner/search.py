"""Searches the learning rate of every arm over its declared grid, on the selection split.

Rates that one seed cannot separate get a second seed, and the mean decides.
"""

import contextlib
import dataclasses
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from alexnet_tf.checkpoints.resume import remove_checkpoint
from alexnet_tf.config.fields import Config
from alexnet_tf.data.arrays import results_slug
from alexnet_tf.data.pipeline import open_data
from alexnet_tf.data.selection import SELECTION_SHARE
from alexnet_tf.results.folder import check_search_row, prepare_folder, read_lr_search, record_search
from alexnet_tf.runtime.environment import git_commit
from alexnet_tf.runtime.errors import InputError
from alexnet_tf.runtime.files import claimed, remove_temporaries
from alexnet_tf.statistics.intervals import is_tie
from alexnet_tf.training.history import History
from alexnet_tf.training.network import check_run
from alexnet_tf.training.strategy import is_chief
from alexnet_tf.training.train import train
from alexnet_tf.training.workers import compared_values, current_workers
from experiments.experiment import Arm, Experiment
from experiments.runner.options import Options, file_name, lock_path
from experiments.runner.reuse import find_shared_search
from experiments.runner.rows import timestamp
from experiments.runner.run import run_callbacks

SEARCH_SEED = 1000
# Decides between rates that tie with the first seed.
SECOND_SEED = 1001
# Maximum number of grid extensions; after that a winner at the edge is accepted.
MAX_EXTENSIONS = 6
# Fields in which a candidate differs from its arm.
OWN_FIELDS = ("learning_rate", "holdout")


def search_rates(experiment: Experiment, options: Options, strategy: tf.distribute.Strategy) -> Path:
    """Finds each arm's learning rate and writes lr_search.csv, with a row for each arm, rate and seed.

    The runs do not train on the selection split and never use the report split. Their seeds are not used in
    the evidence. Rates whose errors are within two binomial standard errors of the best one (on the selection
    split) are trained with a second seed, and the lowest mean over both wins. If the winner is at the edge of
    its grid, the grid is extended by the factor between the two rates at this edge.

    Returns:
        The folder of lr_search.csv.
    """
    for setting in options.settings:
        if setting.partition("=")[0] in OWN_FIELDS:
            raise InputError(f"--set: expected a field that search does not set itself; received {setting!r}")
    options, notices = options.settled(experiment, experiment.search_precision)
    folder = options.results_dir / results_slug(options.dataset) / experiment.name
    arms = [
        dataclasses.replace(arm, name=options.variant(arm)[0])
        for arm in options.chosen_arms(experiment)
        if arm.grid
    ]
    if not arms:
        raise InputError(
            f"{experiment.name}: expected an arm whose rate is searched; received arms that look at the nets "
            "of others, and have theirs"
        )
    # Check data and configs first, so that invalid searches do not leave a folder behind.
    for arm in arms:
        config = candidate(arm, arm.grid[0], options)
        data = open_data(config.data, options.access)
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
    for notice in notices:
        print(f"NOTICE: {notice}", file=sys.stderr, flush=True)
    with contextlib.ExitStack() as claims:
        for arm in arms:
            if is_chief(strategy):
                lock = lock_path(folder, arm.name, "search")
                claims.enter_context(claimed(lock, lock.stem))
                remove_temporaries(lock.parent, f"search-{file_name(arm.name)}-*.npz")
        selection_size = round(SELECTION_SHARE * len(data.image_set.train_labels))
        _search_arms(experiment, arms, folder, options, strategy, selection_size)
    return folder


def _search_arms(
    experiment: Experiment,
    arms: Sequence[Arm],
    folder: Path,
    options: Options,
    strategy: tf.distribute.Strategy,
    selection_size: int,
) -> None:
    for arm in arms:
        rows = [search_row(experiment, arm, rate, folder, options, strategy) for rate in arm.grid]
        for extensions_left in reversed(range(MAX_EXTENSIONS + 1)):
            first = [row for row in rows if row["seed"] == SEARCH_SEED]
            # Where all rates are equally bad, a second seed would not tell them apart.
            is_tied = len({rank(row) for row in first}) == 1
            rivals = [] if is_tied else tied(first, selection_size)
            for rate in [row["learning_rate"] for row in rivals]:
                second = search_row(experiment, arm, rate, folder, options, strategy, SECOND_SEED)
                rows = [row for row in rows if row["config_hash"] != second["config_hash"]] + [second]
            best = winning_rate(rows, [row["learning_rate"] for row in rivals or first])
            for row in rows:
                row["winner"] = row["learning_rate"] == best
            if is_chief(strategy):
                record_search(folder, rows, [each.name for each in experiment.arms])
            edge = next_rate(sorted(row["learning_rate"] for row in first), best, is_tied)
            if edge is None:
                break
            if extensions_left:
                rows.append(search_row(experiment, arm, edge, folder, options, strategy))
        else:
            found = "all rates are equally bad" if is_tied else "the winner is on the edge of its grid"
            print(
                f"WARNING: {experiment.name} {arm.name}: {found} after {MAX_EXTENSIONS} extensions; a better "
                "rate may lie beyond",
                file=sys.stderr,
            )
        print(f"{experiment.name} {arm.name}: learning rate {best:g}", flush=True)


def search_row(
    experiment: Experiment,
    arm: Arm,
    rate: float,
    folder: Path,
    options: Options,
    strategy: tf.distribute.Strategy,
    seed: int = SEARCH_SEED,
) -> dict[str, Any]:
    """Trains one candidate, unless its row exists, and returns its row of lr_search.csv."""
    config = candidate(arm, rate, options, seed)
    data = open_data(config.data, options.access)
    config_hash = config.hash(data.image_set.fingerprint)
    # The chief has then recorded the candidate before this one, so all workers find the same rows.
    current_workers().compare(compared_values(config, data.image_set.fingerprint))
    for row in read_lr_search(folder).rows:
        if row["arm"] == arm.name and row["config_hash"] == config_hash:
            return row
    shared = find_shared_search(folder, config_hash, experiment.objective)
    checkpoint = folder / "state" / f"search-{file_name(arm.name)}-{rate:g}-{seed}.npz"
    if shared:
        row = {**shared, "experiment": experiment.name, "arm": arm.name, "winner": False}
    else:
        callbacks = run_callbacks(f"search {arm.name} {rate:g} seed {seed}", config, data, folder, options)
        _, history = train(
            config,
            data,
            strategy,
            checkpoint,
            callbacks,
            report=False,
            checkpoint_every=options.checkpoint_every,
        )
        row = make_row(experiment, arm, config, config_hash, history)
    if is_chief(strategy):
        record_search(folder, [row], [each.name for each in experiment.arms])
        remove_checkpoint(checkpoint)
    return row


def candidate(arm: Arm, rate: float, options: Options, seed: int = SEARCH_SEED) -> Config:
    """The config of one search run: that of the arm, but shorter and without the selection split."""
    config = arm.config.replace(seed=seed, holdout=True, epochs=arm.search_epochs, learning_rate=rate)
    if config.train.schedule == "steps":
        config = config.replace(
            drops=shortened(config.train.drops, arm.config.train.epochs, arm.search_epochs)
        )
    return options.configured(config)


def make_row(
    experiment: Experiment, arm: Arm, config: Config, config_hash: str, history: History
) -> dict[str, Any]:
    """The row of one candidate; `value` is the quantity to minimise, None if the target was not reached."""
    selection_error = history.selection_errors[-1] if history.selection_errors else None
    if experiment.objective == "epochs_to_target":
        value = next(iter(experiment.of_curve(history.curve).values()))
    else:
        value = selection_error
    diverged = history.status == "diverged"
    return {
        "experiment": experiment.name,
        "arm": arm.name,
        "learning_rate": config.train.learning_rate,
        "seed": config.seed,
        "epochs": history.curve[-1]["epoch"],
        "status": history.status,
        "objective": experiment.objective,
        "value": None if diverged else value,
        "train_error": None if diverged else history.curve[-1]["train_error"],
        "selection_error": None if diverged else selection_error,
        "winner": False,
        "precision": config.precision,
        "config_hash": config_hash,
        "git_commit": git_commit(),
        "finished_at": timestamp(),
    }


def rank(row: dict[str, Any]) -> tuple[float, ...]:
    """Sort key, smaller is better: first values, then censored runs by training error, then diverged runs.

    Example:

    >>> rank({"value": None, "train_error": 0.4}) > rank({"value": 70.0, "train_error": 0.25})
    True
    """
    return tuple(math.inf if row[name] is None else row[name] for name in ("value", "train_error"))


def tied(rows: Sequence[dict[str, Any]], selection_size: int) -> list[dict[str, Any]]:
    """The rows of one seed that its noise cannot separate from the best one, which is among them.

    Errors are compared by `is_tie`: selection errors, or training errors where no rate reached the target.
    Epochs to a target have no known noise.

    Example:

    >>> errors = ((0.01, 0.30), (0.02, 0.31), (0.04, 0.40))
    >>> rows = [{"learning_rate": rate, "objective": "selection_error", "value": e} for rate, e in errors]
    >>> [row["learning_rate"] for row in tied([row | {"train_error": 0.2} for row in rows], 5000)]
    [0.01, 0.02]
    """
    best = min(rows, key=rank)
    name = "value" if best["objective"] == "selection_error" else "train_error"
    if best[name] is None or (name == "train_error" and best["value"] is not None):
        return [best]
    return [
        row
        for row in rows
        if row[name] is not None
        and (row["value"] is None) == (best["value"] is None)
        and is_tie(best[name], row[name], selection_size)
    ]


def winning_rate(rows: Sequence[dict[str, Any]], rates: Sequence[float]) -> float:
    """The rate among `rates` whose rows are best by the mean over seeds.

    Example:

    >>> values = ((0.01, 0.30), (0.02, 0.31), (0.01, 0.33), (0.02, 0.31))
    >>> rows = [{"learning_rate": rate, "value": value, "train_error": 0.2} for rate, value in values]
    >>> winning_rate(rows, [0.01, 0.02])
    0.02
    """

    def mean_rank(rate: float) -> tuple[float, ...]:
        ranks = [rank(row) for row in rows if row["learning_rate"] == rate]
        return tuple(sum(each) / len(ranks) for each in zip(*ranks, strict=True))

    return min(rates, key=mean_rank)


def next_rate(rates: list[float], winner: float, is_tied: bool = False) -> float | None:
    """The next rate beyond the edge of the grid if the winner is at the edge, else None.

    Args:
        rates: rates of the grid in increasing order.
        winner: the best of these rates.
        is_tied: whether all rates are equally good (a net that stays at chance); then a better rate may lie
            beyond either edge, and the two edges are extended in turn.

    Example:

    >>> next_rate([0.001, 0.002, 0.004], winner=0.004), next_rate([0.001, 0.002, 0.004], winner=0.002)
    (0.008, None)
    >>> next_rate([0.001, 0.002, 0.004], 0.001, is_tied=True), next_rate([0.001, 0.002], 0.001, is_tied=True)
    (0.0005, 0.004)
    """
    at_top = len(rates) % 2 == 0 if is_tied else winner == rates[-1]
    if at_top:
        return float(f"{rates[-1] * rates[-1] / rates[-2]:.3g}")
    if is_tied or winner == rates[0]:
        return float(f"{rates[0] * rates[0] / rates[1]:.3g}")
    return None


def shortened(drops: tuple[int, ...], epochs: int, search_epochs: int) -> tuple[int, ...]:
    """The epochs of the schedule's drops, at the same fractions of a shorter run.

    Example:

    >>> shortened((11, 13), epochs=15, search_epochs=6)
    (4, 5)
    """
    return tuple(max(1, round(drop * search_epochs / epochs)) for drop in drops)
