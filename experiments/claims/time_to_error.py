"""How long a net takes to reach a training error, in epochs."""

from experiments.experiment import Curve, Metric


def epochs_to_error(curve: Curve, target: float) -> float | None:
    """Epochs until the training error is `target`, interpolated between epochs; None if it never is.

    Example:

    >>> epochs_to_error([{"epoch": 0, "train_error": 0.9}, {"epoch": 1, "train_error": 0.3},
    ...                  {"epoch": 2, "train_error": 0.2}], target=0.25)
    1.5
    """
    before = None
    for point in curve:
        if point["train_error"] <= target:
            if before is None:
                return float(point["epoch"])
            fall = before["train_error"] - point["train_error"]
            # Rounded to a thousandth of an epoch: more digits would claim what 10,000 images can't tell.
            return round(before["epoch"] + (before["train_error"] - target) / fall, 3)
        before = point
    return None


def epochs_to(percent: int) -> Metric:
    """The metric of so many percent training error."""
    return Metric(
        name=f"epochs_to_{percent}",
        title=f"epochs to {percent}% training error",
        unit="epochs",
        low=0,
        of_curve=lambda curve: epochs_to_error(curve, percent / 100),
        censored_message=lambda curve: f"> {curve[-1]['epoch']:.0f} epochs",
    )
