"""The measurements and the status of a run."""

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
        curve: one dictionary per epoch, from epoch 0 on. If the report split (`DataPipelines.report`) is not
            evaluated, as in a search, columns are named `selection_*` instead of `test_*`.
        selection_errors: errors on the selection split after epochs 1, 2, ...; empty without such a split.
        selection_losses: losses on the selection split after the same epochs.
        gradient_norms: rows of `GradientNorms`.
        seconds: wall-clock time of all sessions.
        status: `running`, `done`, `diverged` or `interrupted`.
        message: why the run ended early, else empty.
        unfinished: the current epoch so far: `steps` trained, `examples` read, mean `loss`, `seconds` and,
            with several workers, the `sums` of the metrics on each replica. Empty between epochs.
        callbacks: states from `callback_states`.
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
        """The values after epochs 1, 2, ... of a quantity that a config can watch."""
        if name == "train_loss":
            return [point["train_loss"] for point in self.curve[1:]]
        return {"selection_error": self.selection_errors, "selection_loss": self.selection_losses}[name]

    def add(
        self, epoch: int, scores: Mapping[str, Scores], rate: float, images_per_second: float | None
    ) -> None:
        """Adds an epoch to the curve, or ends the run if its training loss is not finite.

        Args:
            epoch: epoch 0, before training, is added even if its loss is not finite.
            scores: those of `train`, and of `report`, `selection` or both.
            images_per_second: speed of training; None for epoch 0.
        """
        if not math.isfinite(scores["train"].loss):
            # During an epoch only the mean loss of its steps is checked. The last update does not affect it.
            self.end("diverged", f"loss is not finite after epoch {epoch}")
            if epoch:
                return
        if epoch and "selection" in scores:
            self.selection_errors.append(scores["selection"].error)
            self.selection_losses.append(scores["selection"].loss)
        name, shown = ("test", scores["report"]) if "report" in scores else ("selection", scores["selection"])
        point = {"epoch": epoch, "train_loss": scores["train"].loss, "train_error": scores["train"].error}
        point |= {
            f"{name}_loss": shown.loss,
            f"{name}_error": shown.error,
            f"{name}_top5_error": shown.top5_error,
        }
        self.curve.append(point | {"learning_rate": rate, "images_per_second": images_per_second})

    def end(self, status: str, message: str) -> None:
        self.status, self.message = status, message


class TrainingInterrupted(Interruption):
    """Training was interrupted; `history` has the status `interrupted` and the exception's message."""

    def __init__(self, history: History, number: int, is_kept: bool | None = None):
        super().__init__(number, history.message, is_kept)
        self.history = history
