"""What the searches of learning rates leave open: nothing reached, nothing better, or hardly anything."""

from collections.abc import Sequence

from alexnet_tf.data.arrays import SELECTION_SHARE
from alexnet_tf.intervals import binomial_standard_error
from experiments.effects import Records, Row, arms_in_order
from experiments.experiment import Experiment


def search_notes(
    experiment: Experiment, rows: Sequence[Row], records: Records, search_rows: Sequence[Row]
) -> list[str]:
    """One sentence for each thing that is open, naming the arms.

    Args:
        experiment: whose arms were searched.
        rows: of runs.csv; arms without any are passed over.
        records: tell how many images a search looked at.
        search_rows: of lr_search.csv in the same folder.
    """
    blind, tied, close = [], [], []
    for name in arms_in_order(experiment, rows):
        of_arm = [row for row in search_rows if row["arm"] == name]
        values = [row["value"] for row in of_arm]
        if any(row["winner"] and row["value"] is None for row in of_arm):
            blind.append(f"`{name}`")
        elif len(values) > 1 and None not in values and len(set(values)) == 1:
            tied.append(f"`{name}`")
        else:
            close += _close(name, of_arm, _selection_images(name, rows, records))
    said = {
        "no rate of the search reached the target for {}, so there the rate was chosen by the training error "
        "at its end (lr_search.csv)": blind,
        "no rate of the search was better than another for {} (lr_search.csv)": tied,
        "the search, of one seed, found two rates closer to each other than the binomial standard error of "
        "an error on its images: {} (lr_search.csv)": close,
    }
    return [sentence.format(", ".join(names)) for sentence, names in said.items() if names]


def _close(arm: str, of_arm: Sequence[Row], images: int | None) -> list[str]:
    """The winner and the next best, where the noise of the images alone may have chosen between them."""
    ranked = sorted(
        (row for row in of_arm if row["value"] is not None and row["objective"] == "selection_error"),
        key=lambda row: (row["value"], not row["winner"]),
    )
    if images is None or len(ranked) < 2:
        return []
    best, next_best = ranked[:2]
    if next_best["value"] - best["value"] >= binomial_standard_error(best["value"], images):
        return []
    return [f"`{arm}` ({best['learning_rate']:g} before {next_best['learning_rate']:g})"]


def _selection_images(arm: str, rows: Sequence[Row], records: Records) -> int | None:
    """How many images the selection split has, as far as the records of the arm tell."""
    told = {
        records.get(row["run_id"], {}).get("data", {}).get("train_examples")
        for row in rows
        if row["arm"] == arm
    }
    counts = {number for number in told if isinstance(number, int) and number > 0}
    return round(SELECTION_SHARE * counts.pop()) if len(counts) == 1 else None
