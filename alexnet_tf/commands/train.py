"""`alexnet train`: trains a network on a data set."""

import argparse
import contextlib
import math
import shlex
import sys
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from alexnet_tf.checkpoints.resume import checkpoint_hash, has_checkpoint, remove_checkpoint
from alexnet_tf.checkpoints.saved import Trained, check_images, is_trained, load_trained, save_trained
from alexnet_tf.checkpoints.trained_files import EPOCHS_FOLDER
from alexnet_tf.checkpoints.transfer import ALL_BUT_HEAD, transfer_config
from alexnet_tf.commands.small_folder import fit_small_folder
from alexnet_tf.config.check import check_config, ineffective
from alexnet_tf.config.fields import Config
from alexnet_tf.config.presets import PRESETS, with_recipe
from alexnet_tf.data.load import DataAccess
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.runtime.commandline import program
from alexnet_tf.runtime.environment import environment
from alexnet_tf.runtime.errors import InputError, print_lines
from alexnet_tf.runtime.files import claimed_folder, remove_temporaries
from alexnet_tf.runtime.signals import signals_held
from alexnet_tf.runtime.startup import quiet_startup
from alexnet_tf.training.callbacks import GradientNorms, HistoryFiles, KeptWeights, QuarantineLog
from alexnet_tf.training.evaluate import TOP_K
from alexnet_tf.training.history import History, TrainingInterrupted
from alexnet_tf.training.network import compile_model
from alexnet_tf.training.progress import RunProgress
from alexnet_tf.training.strategy import is_chief, make_strategy, warn_of_unseen_gpu
from alexnet_tf.training.train import train
from alexnet_tf.training.workers import current_workers


def run(options: argparse.Namespace) -> int:
    """Trains a network and writes it to `--out`; returns 1 if the run diverged.

    An interrupted run is resumed. A diverged run leaves its curve, and a model.json with the reason.

    Raises:
        InputError: if the data set, the folder or the config is unsuitable; no network is written then.
    """
    if options.freeze == "":  # as from an unset variable of a shell
        raise InputError("--freeze: expected a layer, all-but-head or none; received an empty name")
    if options.freeze and not options.start:
        raise InputError(f"--freeze: expected --from too; received only --freeze {options.freeze}")
    with quiet_startup():
        strategy = make_strategy(options.replicas)
        # With one replica on a CPU this setting is not needed: repeated runs are equal without it. It would
        # change the last bits of recorded results.
        if strategy.num_replicas_in_sync > 1 or tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()
    warn_of_unseen_gpu()
    if not is_chief(strategy):
        return _train(options, strategy)
    # The folder is not claimed yet if `explain` calls this function, or if there may be several workers.
    unclaimed = not getattr(options, "is_claimed", False)
    with claimed_folder(options.out, "--out") if unclaimed else contextlib.nullcontext():
        for folder in (options.out, options.out / EPOCHS_FOLDER):
            remove_temporaries(folder)
        return _train(options, strategy)


def _train(options: argparse.Namespace, strategy: tf.distribute.Strategy) -> int:
    out: Path = options.out
    start = load_trained(options.start, "--from") if options.start else None
    if start:
        options.notes = fit_small_folder(options, start.config)
    config = _config(options, start)
    data = open_run_data(config, start, options.access)
    if options.keep_best and not config.data.holdout:
        raise InputError(
            "--keep-best: expected a selection split to choose the best epoch; received none; "
            "add --set holdout=true"
        )
    if options.cache:
        data.streamed_set("--cache")
    if options.readers:
        data.streamed_set("--readers").check_readers()
    model = compile_model(config, data, strategy, start)
    current_workers().compare({"--gradient-norms": options.gradient_norms})
    current_workers().check_shared(out, "--out")
    state = out / "state.npz"
    if checkpoint_hash(state) not in (None, config.hash(data.image_set.fingerprint)):
        raise InputError(
            f"--out {out}: expected this run's unfinished state, or none; received the state of another "
            f"config or of other images; delete {state}* to start over, or name another folder"
        )
    if not has_checkpoint(state) and is_trained(out, config, data):
        current_workers().leave()
        print(f"{out}: this run is finished; it is not trained again", flush=True)
        return 0
    print_lines([*options.notes, *data.image_set.opening(str(out / "quarantine.csv"))])
    if options.cache:
        # After all checks, because filling the cache may take hours.
        data = data.cached(options.cache)
    callbacks = _callbacks(options, config, data, strategy)
    try:
        with data.read_by(options.readers) as read:
            model, history = train(
                config,
                read,
                strategy,
                state,
                callbacks,
                model=model,
                checkpoint_every=options.checkpoint_every,
            )
    except TrainingInterrupted as stop:
        # A second signal meanwhile has no effect.
        with signals_held():
            if is_chief(strategy):
                save_trained(out, model, config, data, _about(stop.history, data, strategy))
            raise
    current_workers().leave()
    if is_chief(strategy):
        save_trained(out, model, config, data, _about(history, data, strategy))
        remove_checkpoint(state)
    if history.status == "diverged":
        print(
            f"diverged: {history.message}; no network is written; a lower learning rate may help: "
            f"--set learning_rate={config.train.learning_rate / 10:g}",
            file=sys.stderr,
        )
        return 1
    if is_chief(strategy):
        last = history.curve[-1]
        print(f"{out}: test error {last['test_error']:.1%} after epoch {last['epoch']}", flush=True)
        print(f"next: {program()} predict --checkpoint {shlex.quote(str(out))} IMAGE...", flush=True)
    return 0


def open_run_data(config: Config, start: Trained | None, access: DataAccess = DataAccess()) -> DataPipelines:
    """Opens the data of a run, with the preprocessing of the network that the run starts from, if any.

    Raises:
        InputError: if the set cannot be read, or its images are not square or not of the network's shape.
    """
    data = open_data(config.data, access, start.statistics if start else None)
    height, width, _ = data.image_set.image_shape
    if height != width:
        raise InputError(
            f"--dataset {config.data.dataset}: expected square images; received {height}x{width}; "
            f"--set image_size={min(height, width)} scales and crops them"
        )
    return check_images(data, start, config.data.dataset) if start else data


def _config(options: argparse.Namespace, start: Trained | None) -> Config:
    if start:
        config = transfer_config(start, options.dataset, options.freeze or ALL_BUT_HEAD)
    else:
        config = PRESETS[options.model or "alexnet"].config(options.dataset)
    if options.recipe:
        config = with_recipe(config, options.recipe)
    config = config.replace(seed=options.seed).with_settings(*options.settings)
    check_config(config)
    if message := ineffective(config, options.settings):
        raise InputError(message)
    return config


def _callbacks(
    options: argparse.Namespace, config: Config, data: DataPipelines, strategy: tf.distribute.Strategy
) -> list[keras.callbacks.Callback]:
    progress = RunProgress(data.image_set.slug, data.train_size, config.train)
    # `GradientNorms` runs on every worker, because it uses a collective operation. It comes before the
    # callbacks that write the norms.
    callbacks = [progress, GradientNorms(strategy)] if options.gradient_norms else [progress]
    if not is_chief(strategy):
        return callbacks
    callbacks += [
        QuarantineLog(options.out / "quarantine.csv", data),
        HistoryFiles(options.out),
        KeptWeights(options.out, config.train, options.keep_epochs, options.keep_best),
    ]
    if options.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(options.out / "tensorboard"))
    return callbacks


def _about(history: History, data: DataPipelines, strategy: tf.distribute.Strategy) -> dict[str, Any]:
    last = dict(history.curve[-1]) if history.curve else {}
    if data.image_set.classes <= TOP_K:
        last.pop("test_top5_error", None)
    return {
        "status": history.status,
        "message": history.message,
        "epochs": last.get("epoch", 0),
        "seconds": round(history.seconds, 1),
        # JSON has no NaN.
        "scores": {name: x if x is None or math.isfinite(x) else None for name, x in last.items()},
        "environment": environment(strategy),
    }
