import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import tensorflow as tf

from alexnet_tf.config.fields import Config
from alexnet_tf.data.arrays import results_slug
from alexnet_tf.data.pipeline import DataPipelines, open_data
from alexnet_tf.results.folder import finished_run, read_curves, read_runs
from alexnet_tf.results.records import experiment_folders
from alexnet_tf.runtime.errors import print_lines
from alexnet_tf.training.network import check_run, compile_model, compiled_steps
from experiments.experiment import Experiment
from experiments.runner.options import Options
from experiments.runner.reuse import find_kept_net, find_shared_run
from experiments.runner.run import partners, planned_run
from experiments.runner.search import candidate, found_row, searched_arms

MEASURED_SECONDS = 10.0
RECORDED = Path("results")


@dataclass(frozen=True)
class Planned:
    """One run of `run`, or one candidate of `search`.

    Attributes:
        arm: name in runs.csv or lr_search.csv, such as `relu, activation=elu`.
        of: name of the experiment's arm, such as `relu`.
        found: state, such as `done`; `shared` if the run needs only rows or nets of equal runs, empty if
            nothing is recorded.
        nets: number of nets to train. An ensemble may need several.
    """

    arm: str
    of: str
    config: Config
    data: DataPipelines
    found: str
    nets: int


def plan(experiment: Experiment, options: Options, strategy: tf.distribute.Strategy, is_search: bool) -> str:
    """The table of a dry run.

    The first missing run is trained for some seconds to measure the speed. A net of a missing run is expected
    to take the mean time of its arm's runs in `results/`, or proportionally less if it has fewer epochs than
    they have. If the arm of the first missing run has a recorded speed in `results/`, all recorded times are
    multiplied by (recorded speed) / (measured speed), which scales them to this machine. A net of an arm
    without a recorded time is expected to take (images of all epochs) / (measured speed). A net that several
    runs need is trained once.
    """
    precision = experiment.search_precision if is_search else experiment.precision
    options, notices = options.settled(experiment, precision)
    print_lines(notices)
    folder = options.results_dir / results_slug(options.dataset) / experiment.name
    runs = list((_candidates if is_search else _runs)(experiment, options, folder, strategy))
    missing = [run for run in runs if run.nets]
    speed = measured_speed(missing[0], strategy, MEASURED_SECONDS) if missing else 0.0
    place = _committed(folder)
    rows = [] if is_search else _recorded(place)
    first = [row["speed"] for row in rows if missing and row["arm"] == missing[0].of]
    slower = mean(first) / speed if first else 1.0
    width = max(16, *(len(run.arm) for run in runs))
    lines = [f"{'arm':<{width}} seed  rate      epochs  minutes  state"]
    expected = []
    for run in runs:
        train, minutes = run.config.train, 0.0
        # The recorded run may have stopped early. The missing run is expected to stop after as many epochs.
        same = [
            row["seconds"] / row["epochs"] * min(train.epochs, row["epochs"])
            for row in rows
            if row["arm"] == run.of
        ]
        if run.nets:
            images = train.epochs * run.data.train_size
            minutes = run.nets * (mean(same) * slower if same else images / speed) / 60
        expected.append(minutes)
        line = f"{run.arm:<{width}} {run.config.seed:>4}  {train.learning_rate:<8g}  {train.epochs:>6}"
        lines.append(f"{line}  {minutes:>7.1f}  {run.found}".rstrip())
    at_once = 1
    if options.jobs != 1:
        from experiments.runner.jobs import count_jobs

        at_once = count_jobs(options.jobs, max(len(missing), 1))
    # Each run starts when the first of the simultaneous runs has ended.
    ends = [0.0] * at_once
    for minutes in expected:
        heapq.heapreplace(ends, ends[0] + minutes)
    total = f"{max(ends):.0f} minutes on this machine"
    total += f", {at_once} at once" * (at_once > 1)
    lines.append(f"{len(missing)} of {len(runs)} to train, about {total}")
    if missing:
        timed = {row["arm"] for row in rows}
        unknown = "lr_search.csv has no times" if is_search else f"no recorded times of these arms in {place}"
        how = (
            f"recorded times are from {place}"
            if any(run.of in timed for run in missing)
            else f"{unknown}, so the minutes are for all epochs of training, without evaluation"
        )
        lines.append(f"measured: {speed:,.0f} images/s for {missing[0].arm}; {how}")
    return "\n".join(lines)


def measured_speed(run: Planned, strategy: tf.distribute.Strategy, seconds: float) -> float:
    """Images per second of training, measured for `seconds` after the first step."""
    batch_size = run.config.train.batch_size
    model = compile_model(run.config, run.data, strategy)
    # Repeated, because an epoch may have a single batch.
    batches = run.data.train(run.config.seed, 1, batch_size).repeat()
    iterator = iter(strategy.experimental_distribute_dataset(batches))
    run_steps = compiled_steps(model, strategy)
    run_steps(iterator, tf.constant(1))  # compiles
    started, done = time.perf_counter(), 0
    while not done or time.perf_counter() - started < seconds:
        run_steps(iterator, tf.constant(1))
        float(model.get_metrics_result()["loss"])  # waits for the step
        done += 1
    return done * batch_size / (time.perf_counter() - started)


def _runs(
    experiment: Experiment, options: Options, folder: Path, strategy: tf.distribute.Strategy
) -> Iterator[Planned]:
    planned: set[str] = set()
    for arm in options.chosen_arms(experiment):
        for seed in options.seeds or arm.seeds:
            run = planned_run(experiment, arm, seed, folder, options, strategy)
            row = finished_run(folder, run.name, seed, run.config_hash)
            # As in `execute`: an arm without a probe needs only the row of an equal run, not its net.
            is_ready = row or (not arm.probe and find_shared_run(folder, run.name, run.config_hash))
            nets = {
                net.config_hash
                for net in (run, *partners(run))
                if not (is_ready or find_kept_net(folder, net.run_id, net.config_hash))
            } - planned
            planned |= nets
            unshared = "unfinished" if run.checkpoint.exists() else ""
            found = row["status"] if row else unshared if nets else "shared"
            yield Planned(run.name, arm.name, run.config, run.data, found, len(nets))


def _candidates(
    experiment: Experiment, options: Options, folder: Path, strategy: tf.distribute.Strategy
) -> Iterator[Planned]:
    for arm in searched_arms(experiment, options):
        for rate in arm.grid:
            config = candidate(arm, rate, options)
            data = open_data(config.data, options.access)
            check_run(config, data, strategy)
            row = found_row(experiment, arm, config.hash(data.image_set.fingerprint), folder)
            yield Planned(arm.name, arm.name, config, data, row["status"] if row else "", int(row is None))


def _committed(folder: Path) -> Path:
    """The folder at or below `results/` with the rows of the same data set and experiment."""
    own = Path(folder.parent.name, folder.name)
    found = [path for path in experiment_folders(RECORDED) if path.parts[-2:] == own.parts]
    return min(found, key=lambda path: len(path.parts), default=RECORDED / own)


def _recorded(place: Path) -> list[dict]:
    speeds: dict[tuple, list[float]] = {}
    for point in read_curves(place).rows:
        if point["images_per_second"]:
            speeds.setdefault((point["arm"], point["seed"]), []).append(float(point["images_per_second"]))
    return [
        {
            "arm": row["arm"],
            "seconds": float(row["seconds"]),
            "epochs": row["epochs"],
            "speed": mean(speeds[row["arm"], row["seed"]]),
        }
        for row in read_runs(place).rows
        if row["status"] == "done" and row["epochs"] and (row["arm"], row["seed"]) in speeds
    ]
