"""Records made-up runs with the functions that the runner uses."""

from alexnet_tf.results.columns import CURVES, LR_SEARCH, RUNS
from alexnet_tf.results.folder import record_run

METRICS = ("epochs_to_25",)


def run_row(arm="relu", seed=0, **changes):
    row = dict.fromkeys(RUNS.with_metrics(METRICS).names, "")
    row |= {
        "run_id": f"x-{arm}-{seed}", "experiment": "x", "arm": arm, "seed": seed, "status": "done",
        "epochs": 2, "learning_rate": 0.001, "train_error": 0.1 + 0.2,
        "test_error": 1 / 3, "test_top5_error": 0.0,
        "epochs_to_25": None, "seconds": 12.5, "config_hash": f"hash-{arm}-{seed}", "message": "> 2 epochs",
    }  # fmt: skip
    return row | changes


def curve_rows(arm="relu", seed=0, epochs=2):
    row = dict.fromkeys(CURVES.names, 0.5) | {"experiment": "x", "arm": arm, "seed": seed}
    return [row | {"epoch": epoch, "images_per_second": None} for epoch in range(epochs + 1)]


def record(folder, arm="relu", seed=0, **changes):
    row = run_row(arm, seed, **changes)
    record_run(folder, row, curve_rows(arm, seed), {"config": {"seed": seed}}, METRICS, ("relu", "tanh"))


def search_row(arm="relu", rate=0.01, **changes):
    row = dict.fromkeys(LR_SEARCH.names, "")
    row |= {
        "experiment": "x", "arm": arm, "learning_rate": rate, "seed": 0, "epochs": 6, "status": "done",
        "objective": "selection_error", "value": 0.25, "train_error": 0.2, "selection_error": 0.25,
        "winner": False, "config_hash": f"h{arm}{rate}",
    }  # fmt: skip
    return row | changes
