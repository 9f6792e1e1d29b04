import pytest

from experiments.claims.bias import early_loss
from experiments.claims.common import epochs_to_error


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((0.9, 0.5, 0.3), 1.5),
        ((0.9, 0.4), 1.0),
        ((0.4, 0.3), 0.0),
        ((0.9, 0.5), None),
        # (.9 - .4) / (.9 - .35) = .909
        ((0.9, 0.35, 0.5), 0.909),
    ],
)
def test_epochs_to_an_error_are_interpolated_at_the_first_crossing(errors, expected):
    curve = [{"epoch": epoch, "train_error": error} for epoch, error in enumerate(errors)]
    assert epochs_to_error(curve, 0.4) == expected


def test_a_run_that_diverged_at_once_has_no_early_loss():
    assert early_loss([{"train_loss": 2.3}]) is None
