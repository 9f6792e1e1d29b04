"""Schemas of the result files."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

STATUSES = ("done", "diverged", "failed")

# For an experiment's own metrics: column -> (smallest, largest possible value).
Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Column:
    """A column of a result file.

    Attributes:
        kind: type of the cells. An `int` is >= 0; a `float` may be empty.
        low, high: limits of a `float`.
        choices: texts that a cell can hold; any text if empty.
        is_essential: without this column, a file has no usable rows.
    """

    name: str
    kind: type[str | int | float | bool] = str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    is_essential: bool = False

    def parse(self, text: str) -> str | int | float | None:
        """The value of a cell; None for an empty `float`.

        Raises:
            ValueError: for an invalid cell. The message contains only what was expected.
        """
        if self.kind is int:
            if not (text.isascii() and text.isdigit() and len(text) <= 20):
                raise ValueError("a whole number >= 0")
            return int(text)
        if self.kind is float:
            try:
                return float(text) if text else None
            except ValueError:
                raise ValueError("a number or nothing") from None
        if self.choices and text not in self.choices:
            raise ValueError("one of " + ", ".join(self.choices))
        return text == "true" if self.kind is bool else text

    def expected_instead(self, value: Any, status: str | None) -> str | None:
        """Describes the possible values of a `float` if `value` is not one of them; otherwise None.

        Infinity and NaN are accepted unless the status is `done`.

        Example:

        >>> error = Column("test_error", float, 0, 1)
        >>> error.expected_instead(25.3, "done"), error.expected_instead(0.253, "done")
        ('a number in [0, 1]', None)
        """
        if not isinstance(value, float):
            return None
        if not math.isfinite(value):
            return "a finite number" if status == "done" else None
        if self.low <= value <= self.high:
            return None
        if self.high == math.inf:
            return f"a number >= {self.low:g}"
        return f"a number in [{self.low:g}, {self.high:g}]"


@dataclass(frozen=True)
class Schema:
    """The format of a result file. The columns in `key` identify a row."""

    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def with_metrics(self, names: Sequence[str]) -> "Schema":
        """The schema with an experiment's own metrics inserted after test_top5_error.

        Example:

        >>> RUNS.with_metrics(["epochs_to_target"]).names[9:12]
        ('test_top5_error', 'epochs_to_target', 'seconds')
        """
        place = self.names.index("test_top5_error") + 1
        own = (Column(name, float) for name in names)
        return replace(self, columns=(*self.columns[:place], *own, *self.columns[place:]))


def metric_columns(header: Sequence[str]) -> tuple[str, ...]:
    """The experiment's own metrics in the header of a runs.csv; empty for another file."""
    if "test_top5_error" not in header or "seconds" not in header:
        return ()
    return tuple(header[header.index("test_top5_error") + 1 : header.index("seconds")])


_COLUMNS = (
    Column("arm", is_essential=True),
    Column("status", choices=STATUSES, is_essential=True),
    Column("config_hash", is_essential=True),
    *(Column(name, int, is_essential=True) for name in ("seed", "epoch", "epochs")),
    Column("n", int),
    *(Column(f"{name}_error", float, 0, 1) for name in ("train", "test", "test_top5", "selection")),
    *(Column(name, float, 0) for name in ("train_loss", "test_loss", "learning_rate", "images_per_second")),
    *(Column(name, float, 0) for name in ("seconds", "value")),
    *(Column(name, float) for name in ("mean", "std", "ci_low", "ci_high", "p_holm")),
    *(Column(name, float) for name in ("effect", "paper_effect", "smallest_effect")),
    *(Column(name, bool, choices=("true", "false")) for name in ("winner", "primary")),
)


def _schema(file: str, header: str, key: Sequence[str]) -> Schema:
    known = {column.name: column for column in _COLUMNS}
    return Schema(file, tuple(known.get(name, Column(name)) for name in header.split(",")), tuple(key))


CURVES = _schema(
    "curves.csv",
    "experiment,arm,seed,epoch,train_loss,train_error,test_loss,test_error,test_top5_error,learning_rate,"
    "images_per_second",
    ("arm", "seed", "epoch"),
)
RUNS = _schema(
    "runs.csv",
    "run_id,experiment,arm,seed,status,epochs,learning_rate,train_error,test_error,test_top5_error,seconds,"
    "precision,dataset,data_fingerprint,model,config_hash,git_commit,tensorflow,keras,device,finished_at,message",
    ("arm", "seed"),
)
LR_SEARCH = _schema(
    "lr_search.csv",
    "experiment,arm,learning_rate,seed,epochs,status,objective,value,train_error,selection_error,winner,"
    "precision,config_hash,git_commit,finished_at",
    ("arm", "learning_rate", "seed"),
)
SUMMARY = _schema("summary.csv", "experiment,arm,metric,n,mean,std,ci_low,ci_high", ("arm", "metric"))
EFFECTS = _schema(
    "effects.csv",
    "experiment,arm,baseline,metric,effect_kind,n,effect,ci_low,ci_high,p_holm,paper_effect,verdict,"
    "smallest_effect,primary,direction,size",
    ("arm", "baseline", "metric", "effect_kind"),
)

# Columns of runs.csv that repeat a value of the last epoch -> the column of curves.csv.
LAST_EPOCH = {
    "epochs": "epoch",
    **{name: name for name in ("learning_rate", "train_error", "test_error", "test_top5_error")},
}
