"""The measurements of a run, and its status."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alexnet_tf.runtime.errors import Interruption
from alexnet_tf.training.evaluate import Scores


@dataclass
class History:
    """The measurements of a run so far.

    Attributes:
        curve: one dictionary per epoch, from epoch 0 on, with the columns of curves.csv after `seed`. The
            columns `test_*` are measured on the report split. A search does not evaluate that split; its
            curve has columns `selection_*` instead.
        selection_errors: errors on the selection split after epochs 1, 2, ...; empty if the config holds no
            such split out.
        selection_losses: the losses on the selection split, of the same epochs.
        gradient_norms: rows measured by a `GradientNorms` callback.
        seconds: wall-clock time, summed over all sessions of an interrupted run.
        status: `running`, `done`, `diverged` or `interrupted`.
        message: why the run ended; empty if it trained all its epochs.
        unfinished: the position in an epoch that has begun: `steps` trained, `examples` read, mean `loss` and
            `seconds` so far; with several workers also the `sums` of the metrics on each replica. Empty
            between epochs.
        callbacks: the state of the callbacks, from `callback_states`.
    """

    curve: list[dict[str, Any]] = field(default_factory=list)
    selection_errors: list[float] = field(default_factory=list)
    selection_losses: list[float] = field(default_factory=list)
    gradient_norms: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    status: str = "running"
    message: str = ""
    unfinished: dict[str, Any] = field(default_factory=dict)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def watched(self, name: str) -> list[float]:
        """The values after epochs 1, 2, ... of `name`, one of the quantities that a config can watch."""
        if name == "train_loss":
            return [point["train_loss"] for point in self.curve[1:]]
        return {"selection_error": self.selection_errors, "selection_loss": self.selection_losses}[name]

    def add(
        self, epoch: int, scores: Mapping[str, Scores], rate: float, images_per_second: float | None
    ) -> None:
        """Adds an epoch to the curve; if its training loss is not finite, ends the run and adds only epoch 0.

        Args:
            epoch: number of the epoch; 0 is the untrained network.
            scores: scores by split: `train`, and at least one of `report` and `selection`.
            images_per_second: speed of the training steps in this epoch; None for epoch 0.
        """
        if not math.isfinite(scores["train"].loss):
            # The mean loss of the steps may still be finite: the last update comes after the last loss.
            self.end("diverged", f"loss is not finite after epoch {epoch}")
            if epoch:
                return
        if epoch and "selection" in scores:
            self.selection_errors.append(scores["selection"].error)
            self.selection_losses.append(scores["selection"].loss)
        name, shown = ("test", scores["report"]) if "report" in scores else ("selection", scores["selection"])
        self.curve.append(
            {
                "epoch": epoch,
                "train_loss": scores["train"].loss,
                "train_error": scores["train"].error,
                f"{name}_loss": shown.loss,
                f"{name}_error": shown.error,
                f"{name}_top5_error": shown.top5_error,
                "learning_rate": rate,
                "images_per_second": images_per_second,
            }
        )

    def end(self, status: str, message: str) -> None:
        """Records that the run has ended, and why."""
        self.status, self.message = status, message


class TrainingInterrupted(Interruption):
    """Training was interrupted; the run can be resumed from its checkpoint, if there is one.

    Attributes:
        history: history of the run, with status `interrupted` and the exception's message.
    """

    def __init__(self, history: History, number: int, is_kept: bool | None = None):
        super().__init__(number, history.message, is_kept)
        self.history = history
