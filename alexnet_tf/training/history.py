"""What a run measures, and how it ends."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alexnet_tf.runtime.errors import Interruption
from alexnet_tf.training.evaluate import Scores


@dataclass
class History:
    """What a run has measured so far.

    Attributes:
        curve: one dictionary for each epoch from 0 on, the columns of curves.csv after `seed`. The columns
            `test_*` are measured on the report split; a search, which never sees it, has `selection_*`.
        selection_errors: of epoch 1, 2, ... where the selection split is evaluated.
        selection_losses: likewise.
        gradient_norms: what a `GradientNorms` callback measured.
        seconds: wall-clock, over all sittings of an interrupted run.
        status: `running`, `done`, `diverged`, or `failed` for an interrupted run.
        message: why the run ended; empty where it trained all its epochs.
    """

    curve: list[dict[str, Any]] = field(default_factory=list)
    selection_errors: list[float] = field(default_factory=list)
    selection_losses: list[float] = field(default_factory=list)
    gradient_norms: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    status: str = "running"
    message: str = ""

    def watched(self, name: str) -> list[float]:
        """The values of a config's `watch` or `early_stopping_watch`, of epoch 1, 2, ..."""
        if name == "train_loss":
            return [point["train_loss"] for point in self.curve[1:]]
        return {"selection_error": self.selection_errors, "selection_loss": self.selection_losses}[name]

    def add(
        self, epoch: int, scores: Mapping[str, Scores], rate: float, images_per_second: float | None
    ) -> None:
        """Adds an epoch to the curve; one whose training loss is not finite ends the run instead.

        Args:
            epoch: 0 before training.
            scores: on the splits `train`, `report` and `selection`, of the last two at least one.
            rate: learning rate of the epoch.
            images_per_second: of its training steps.
        """
        if not math.isfinite(scores["train"].loss):
            # The last step of an epoch can break the weights after its own loss was computed.
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
        """Ends the run."""
        self.status, self.message = status, message


class TrainingInterrupted(Interruption):
    """An interrupted training; its state on disk is that of the last finished epoch.

    Attributes:
        history: of the run, with status `failed` and the message that the exception has too.
    """

    def __init__(self, history: History, number: int):
        super().__init__(number, history.message)
        self.history = history
