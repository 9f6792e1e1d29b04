"""What recorded rows say, experiment by experiment and data set by data set: read and judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_tf import statistics
from experiments import wording
from experiments.effects import Judged, Records, Row, claim_verdict, judge
from experiments.experiment import Experiment
from experiments.folder_rows import read_folder


@dataclass(frozen=True)
class Evidence:
    """The rows of one experiment on one data set, judged.

    Attributes:
        experiment: whose rows they are.
        folder: `<results-dir>/<dataset>/<experiment>`.
        rows: of runs.csv, as far as they can be read.
        records: of the runs.
        judged: the experiment's comparisons, in its order.
        problems: what is wrong with the rows, their curves and their records.
    """

    experiment: Experiment
    folder: Path
    rows: Sequence[Row]
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


def read_evidence(results_dir: Path, experiments: Sequence[Experiment]) -> list[Evidence]:
    """The evidence of all experiments that have rows, in their order, by data set.

    Args:
        results_dir: holds `<dataset>/<experiment>/runs.csv`.
        experiments: to look for.
    """
    found = [
        evidence_of(path.parent, experiment)
        for experiment in experiments
        for path in sorted(results_dir.glob(f"*/{experiment.name}/runs.csv"))
    ]
    return [evidence for evidence in found if evidence.rows]


def evidence_of(folder: Path, experiment: Experiment) -> Evidence:
    """The evidence of one folder; its rows are empty where none can be read."""
    found = read_folder(folder, experiment)
    judged = judge(experiment, found.runs, found.records)
    return Evidence(experiment, folder, found.runs, found.records, judged, found.problems)


def without_rows(experiments: Sequence[Experiment], found: Sequence[Evidence]) -> list[Experiment]:
    """The experiments that have no evidence."""
    names = {evidence.experiment.name for evidence in found}
    return [experiment for experiment in experiments if experiment.name not in names]


def count_verdicts(found: Sequence[Evidence]) -> str:
    """The verdicts on the claims, one for each experiment on each data set that has pairs, counted."""
    said = [wording.short_verdict(one.verdict) for one in found if one.verdict != statistics.NO_PAIRS]
    if not said:
        return f"The paper's claims: {statistics.NO_PAIRS}"
    kinds = [
        statistics.REPRODUCED,
        statistics.REPRODUCED_WEAKER,
        statistics.INCONCLUSIVE,
        statistics.NOT_REPRODUCED,
    ]
    counts = [f"{said.count(kind)} {kind}" for kind in map(wording.short_verdict, kinds) if kind in said]
    experiments = "experiment" if len(said) == 1 else "experiments"
    return f"The paper's claims in {len(said)} {experiments}: {', '.join(counts)}"
