"""Two small experiments with made-up results."""

import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alexnet_tf.config.fields import Config
from alexnet_tf.results.folder import prepare_folder, record_run
from experiments.experiment import TEST_ERROR, Arm, Comparison, Experiment, Metric

BASE = Config().replace(epochs=40, learning_rate=0.01)


def _arm(name: str, **changes) -> Arm:
    return Arm(name, BASE.replace(**changes), f"{name}, in words", (0.01, 0.02), (0, 1, 2), 2)


def _first_below_a_quarter(curve):
    return next((float(point["epoch"]) for point in curve if point["train_error"] <= 0.25), None)


def _gap(curve):
    return curve[-1]["test_error"] - curve[-1]["train_error"]


def _censored(curve):
    return f"> {curve[-1]['epoch']} epochs"


EPOCHS = Metric(
    "epochs_to_25", "epochs to 25%", "epochs", 0, of_curve=_first_below_a_quarter, censored_message=_censored
)
GAP = Metric("gap", "test − training error", "fraction", -1, 1, of_curve=_gap)
PROBE = Metric("probe", "probe")
_declared = functools.partial(Experiment, dataset="builtin", cost="none")
SPEED = _declared(
    name="speed",
    claim="C1",
    section="3.1",
    statement="ReLU is faster than tanh.",
    arms=(_arm("relu"), _arm("tanh", activation="tanh"), _arm("other")),
    comparisons=(
        Comparison("tanh", "relu", EPOCHS, "ratio", 6.0, 3.0, primary=True),
        Comparison("other", "relu", TEST_ERROR, "difference", None, -0.01),
    ),
    metrics=(EPOCHS,),
    objective="epochs_to_target",
    figure="train_error",
)
POOLING = _declared(
    name="pooling",
    claim="C4",
    section="3.4",
    statement="Overlapping pooling lowers the test error.",
    arms=(_arm("separate", pool_size=2), _arm("overlapping")),
    comparisons=(
        Comparison("overlapping", "separate", TEST_ERROR, "difference", -0.004, -0.002, primary=True),
        Comparison("overlapping", "separate", GAP, "difference", None, -0.002),
    ),
    metrics=(GAP, PROBE),
    notes=("A note of the experiment.",),
)


BOTH_PRIMARY = replace(POOLING, comparisons=tuple(replace(one, primary=True) for one in POOLING.comparisons))


def fall(epochs: float, last: int) -> list[float]:
    """Training errors of epochs 0 to `last`; they fall from 90% and reach 25% at epoch `epochs`."""
    return [max(0.9 * (0.25 / 0.9) ** (epoch / epochs), 0.01) for epoch in range(last + 1)]


def dataset_of(folder: Path, experiment: Experiment) -> str:
    return folder.parent.name if folder.name == experiment.name else "builtin"


def record(folder, experiment, arm, seed, errors, gap=0.05, config=None, variant=None, **changes) -> None:
    """Records a run with the given training error for each epoch, in the files that the runner writes.

    Test errors are higher by `gap`. `changes` replaces cells of the row in runs.csv.
    """
    dataset = dataset_of(folder, experiment)
    common = {"experiment": experiment.name, "arm": arm, "seed": seed, "learning_rate": 0.01}
    curve = [
        common
        | {"epoch": epoch, "train_loss": 2 * error, "train_error": error, "test_loss": 2 * error + gap}
        | {"test_error": error + gap, "test_top5_error": 0.0, "images_per_second": 100.0 if epoch else None}
        for epoch, error in enumerate(errors)
    ]
    curve[-1]["learning_rate"] = changes.get("learning_rate", 0.01)
    row = common | {
        "run_id": f"{experiment.name}-{arm.replace(' ', '')}-{seed}", "status": "done",
        "epochs": len(errors) - 1, "seconds": 10.0,
        "train_error": errors[-1], "test_error": errors[-1] + gap, "test_top5_error": 0.0,
        "precision": "float32", "dataset": dataset, "data_fingerprint": "f" * 64, "model": "CifarNetConfig",
        "config_hash": f"{arm}{seed}", "git_commit": "abc", "tensorflow": "2.21.0", "keras": "3.15.0",
        "device": "CPU", "finished_at": "2025-01-01T00:00:00Z", "message": "",
    }  # fmt: skip
    row |= experiment.of_curve(curve) | changes
    declared = {arm.name: arm.config for arm in experiment.arms}
    config = config or declared.get(arm, BASE)
    record = {"config": config.replace(seed=seed, dataset=dataset).to_dict()}
    if variant:
        record["variant"] = dict(zip(("of", "settings"), variant, strict=True))
    prepare_folder(folder, experiment.columns, row["data_fingerprint"])
    record_run(folder, row, curve, record, experiment.columns, list(declared))


def speed_results(folder: Path) -> Path:
    """Records runs that reach 25% after 4, 5, 4 epochs (ReLU) and 24, 25, 28 (tanh): ratios 6, 5, 7."""
    return _copied(folder, SPEED, _record_speed)


def pooling_results(folder: Path, experiment: Experiment = POOLING) -> Path:
    """Records three seeds of two arms, whose test errors differ by -0.4, -0.5 and -0.3 points."""
    return _copied(folder, experiment, _record_pooling)


def both_results(root: Path) -> Path:
    speed_results(root / "builtin" / "speed")
    pooling_results(root / "builtin" / "pooling")
    return root


def _record_speed(folder: Path, experiment: Experiment) -> None:
    for seed, (relu, tanh) in enumerate([(4, 24), (5, 25), (4, 28)]):
        record(folder, experiment, "relu", seed, fall(relu, 8))
        record(folder, experiment, "tanh", seed, fall(tanh, 30))


def _record_pooling(folder: Path, experiment: Experiment) -> None:
    for seed, (separate, overlapping) in enumerate([(0.2, 0.196), (0.21, 0.205), (0.19, 0.187)]):
        for arm, last in (("separate", separate), ("overlapping", overlapping)):
            record(folder, experiment, arm, seed, [0.9, 0.5, 0.3, last], probe=0.5)


def _copied(folder: Path, experiment: Experiment, record_all: Callable[[Path, Experiment], None]) -> Path:
    """Fills a folder with rows that are recorded once for all tests."""
    written = _written(dataset_of(folder, experiment), experiment, record_all)
    return shutil.copytree(Path(written.name) / "rows", folder, dirs_exist_ok=True)


@functools.cache
def _written(dataset: str, experiment: Experiment, record_all) -> tempfile.TemporaryDirectory:
    root = tempfile.TemporaryDirectory()
    folder = Path(root.name) / dataset / experiment.name
    record_all(folder, experiment)
    folder.rename(Path(root.name) / "rows")
    return root
