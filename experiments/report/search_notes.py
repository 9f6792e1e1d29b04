"""What the searches of learning rates leave open: nothing reached, nothing better, or hardly anything."""

from collections.abc import Sequence

from alexnet_tf.data.arrays import SELECTION_SHARE
from alexnet_tf.statistics.intervals import binomial_standard_error
from experiments.evidence.effects import Records, Row, arms_in_order, examples_of
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
        winner = next((row for row in of_arm if row["winner"]), None)
        if winner is None:
            continue
        if winner["value"] is None:
            blind.append(f"`{name}`")
            continue
        rivals = _rivals(winner, of_arm, examples_of(rows, records, name, "train_examples"))
        if rivals and len(rivals) + 1 == len(of_arm):
            tied.append(f"`{name}`")
        elif rivals:
            rates = " and ".join(f"{row['learning_rate']:g}" for row in rivals)
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


def _rivals(winner: Row, of_arm: Sequence[Row], train_examples: Sequence[int]) -> list[Row]:
    """Those behind the winner by no more than the binomial standard error of its error, nearest first.

    Args:
        winner: has a value.
        of_arm: the rows of its arm.
        train_examples: of the arm's runs, of which a search keeps a share to judge by. Where they are not
            known only equals are rivals, as among values that are no errors.
    """
    noise = 0.0
    if winner["objective"] == "selection_error" and len(train_examples) == 1:
        noise = binomial_standard_error(winner["value"], round(SELECTION_SHARE * train_examples[0]))
    behind = [row for row in of_arm if row is not winner and row["value"] is not None]
    return sorted(
        (row for row in behind if row["value"] - winner["value"] <= noise), key=lambda row: row["value"]
    )
