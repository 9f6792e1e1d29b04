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
        if any(row["winner"] and row["value"] is None for row in of_arm):
            blind.append(f"`{name}`")
            continue
        known = [row for row in of_arm if row["value"] is not None]
        rivals = _rivals(known, _selection_images(name, rows, records))
        if rivals and len(rivals) + 1 == len(of_arm):
            tied.append(f"`{name}`")
        elif rivals:
            rates = " and ".join(f"{row['learning_rate']:g}" for row in rivals)
            (winner,) = (row for row in known if row["winner"])
            close.append(f"`{name}` ({winner['learning_rate']:g}, not {rates})")
    said = {
        "no rate of the search reached the target for {}, so there the rate was chosen by the training error "
        "at its end (lr_search.csv)": blind,
        "no rate of the search was better than another, beyond the noise of its images, for {} "
        "(lr_search.csv)": tied,
        "the search, of one seed, chose between rates whose errors differ by less than the noise of its "
        "images, so that another might have won, for {} (lr_search.csv)": close,
    }
    return [sentence.format(", ".join(names)) for sentence, names in said.items() if names]


def _rivals(rows: Sequence[Row], images: int | None) -> list[Row]:
    """Those behind the winner by no more than the binomial standard error of its error, nearest first.

    Args:
        rows: of one arm, each with a value.
        images: that the errors were counted on, None where it is unknown; then only equals are rivals, as
            among values that are no errors.
    """
    winner = next((row for row in rows if row["winner"]), None)
    if winner is None:
        return []
    is_error = winner["objective"] == "selection_error" and images is not None
    noise = binomial_standard_error(winner["value"], images) if is_error else 0.0
    rivals = [row for row in rows if row is not winner and row["value"] - winner["value"] <= noise]
    return sorted(rivals, key=lambda row: row["value"])


def _selection_images(arm: str, rows: Sequence[Row], records: Records) -> int | None:
    """How many images the selection split has, as far as the records of the arm tell."""
    told = {
        records.get(row["run_id"], {}).get("data", {}).get("train_examples")
        for row in rows
        if row["arm"] == arm
    }
    counts = {number for number in told if isinstance(number, int) and number > 0}
    return round(SELECTION_SHARE * counts.pop()) if len(counts) == 1 else None
