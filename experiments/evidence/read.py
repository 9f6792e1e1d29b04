"""Recorded rows, read, checked and judged: one `Evidence` for each experiment and data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf.results.folder import read_curves, read_runs
from alexnet_tf.results.records import read_records
from experiments.evidence.check_rows import check_rows
from experiments.evidence.effects import (
    Judged,
    Records,
    Row,
    Values,
    claim_verdict,
    judge,
    sample_of,
    values_of,
)
from experiments.experiment import Experiment

# What two rows of one configuration must have in common, whatever else an arm measures of the net.
OF_ONE_RUN = ("status", "epochs", "train_error", "test_error")


@dataclass(frozen=True)
class Evidence:
    """The rows of one experiment on one data set, judged.

    Attributes:
        experiment: whose rows they are.
        folder: `<results-dir>/<dataset>/<experiment>`.
        rows: of runs.csv, as far as they can be read.
        curves: of curves.csv, likewise.
        records: of the runs.
        judged: the experiment's comparisons, in its order.
        problems: one "file:line: expected ..., received ..." for each fault of rows, curves and records.
    """

    experiment: Experiment
    folder: Path
    rows: Sequence[Row]
    curves: Sequence[Row]
    records: Records
    judged: Sequence[Judged]
    problems: Sequence[str] = ()

    @property
    def dataset(self) -> str:
        """The data set, as its folder is called."""
        return self.folder.parent.name

    @property
    def primary(self) -> list[Judged]:
        """The comparisons that are the claim's."""
        return [one for one in self.judged if one.comparison.primary]

    @property
    def verdict(self) -> str:
        """On the claim: the weakest of its comparisons' verdicts."""
        return claim_verdict(self.primary)

    def path(self, name: str) -> str:
        """One of its files, relative to the results directory."""
        return f"{self.dataset}/{self.folder.name}/{name}"

    def values(self, arm: str, metric: str) -> Values:
        """One metric of one arm, by seed."""
        return values_of(self.experiment, self.rows, self.records, arm, metric)

    def sample(self, arm: str, metric: str) -> list[float]:
        """The known values of one metric of one arm, those of one and the same ensemble once."""
        return sample_of(self.experiment, arm, metric, self.values(arm, metric))


def read_evidence(results_dir: Path, experiments: Sequence[Experiment]) -> list[Evidence]:
    """The evidence of all experiments that have rows, in their order, by data set.

    Args:
        results_dir: holds `<dataset>/<experiment>/runs.csv`.
        experiments: to look for.
    """
    found = [
        evidence_of(folder, experiment)
        for experiment in experiments
        for folder in folders_of(results_dir, experiment)
    ]
    return [evidence for evidence in found if evidence.rows]


def evidence_of(folder: Path, experiment: Experiment) -> Evidence:
    """The evidence of one folder; what is wrong with it becomes problems, never an exception."""
    records, problems = read_records(folder)
    tables = read_runs(folder, experiment.ranges), read_curves(folder)
    runs, curves, found = check_rows(folder, experiment, *tables, records)
    rows = [line.row for line in runs]
    judged = judge(experiment, rows, records)
    return Evidence(
        experiment, folder, rows, [line.row for line in curves], records, judged, [*found, *problems]
    )


def folders_of(results_dir: Path, experiment: Experiment) -> list[Path]:
    """The folders of an experiment, by data set, in which a run has left anything."""
    return [folder for folder in sorted(results_dir.glob(f"*/{experiment.name}")) if _has_runs(folder)]


def unknown_folders(results_dir: Path, experiments: Sequence[Experiment]) -> list[Path]:
    """Folders with runs that are no experiment's: renamed by hand, or of another version."""
    names = {experiment.name for experiment in experiments}
    return [
        folder for folder in sorted(results_dir.glob("*/*")) if folder.name not in names and _has_runs(folder)
    ]


def _has_runs(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("runs.csv", "curves.csv")) or any(
        (folder / "records").glob("[!.]*.json")
    )


def without_rows(experiments: Sequence[Experiment], found: Sequence[Evidence]) -> list[Experiment]:
    """The experiments that have no evidence."""
    names = {evidence.experiment.name for evidence in found}
    return [experiment for experiment in experiments if experiment.name not in names]


def contradictions(found: Sequence[Evidence]) -> list[str]:
    """Runs of one configuration that have different results: one net was trained twice."""
    first: dict[tuple[str, str], tuple[str, Row]] = {}
    problems = []
    for evidence in found:
        for row in evidence.rows:
            name = f"{evidence.path('')}{row['run_id']}"
            known, earlier = first.setdefault((row["data_fingerprint"], row["config_hash"]), (name, row))
            problems += [
                f"{name}: {column}: expected {earlier[column]} as {known} has it, for the configuration is "
                f"the same; received {row[column]}"
                for column in OF_ONE_RUN
                if row[column] != earlier[column]
            ]
    return problems
