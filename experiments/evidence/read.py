"""Reads, checks and judges recorded rows: one `Evidence` for each experiment and data set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from alexnet_tf.results.csv_rows import difference
from alexnet_tf.results.folder import read_curves, read_runs
from alexnet_tf.results.records import read_records
from experiments.evidence.check_rows import check_rows
from experiments.evidence.effects import Judged, claim_verdict, judge
from experiments.evidence.runs import Records, Row, Runs
from experiments.experiment import Experiment, Variant

OF_ONE_RUN = ("status", "epochs", "train_error", "test_error")


@dataclass(frozen=True)
class Evidence(Runs):
    """The runs of one experiment on one data set, judged.

    Attributes:
        folder: `<results-dir>/<dataset>/<experiment>`.
        curves: usable rows of curves.csv.
        problems: for each fault of rows, curves and records, its place and "expected ...; received ...".
    """

    folder: Path
    curves: Sequence[Row]
    problems: Sequence[str] = ()

    @cached_property
    def judged(self) -> list[Judged]:
        return judge(self)

    @property
    def dataset(self) -> str:
        return self.folder.parent.name

    @property
    def scale(self) -> str:
        """How network, images and training compare with the paper's; empty if the data set is another one."""
        return self.experiment.scale if self.dataset == self.experiment.dataset else ""

    @property
    def primary(self) -> list[Judged]:
        return [one for one in self.judged if one.comparison.primary]

    @property
    def with_rows(self) -> list[Judged]:
        """The comparisons whose arms have rows; if one of them is primary, also all other primary ones."""
        missing = {arm.name for arm in self.experiment.arms} - {*self.arms}
        found = [one for one in self.judged if not {one.comparison.arm, one.comparison.baseline} & missing]
        needs_primary = any(one.comparison.primary for one in found)
        return [one for one in self.judged if one in found or (needs_primary and one.comparison.primary)]

    @property
    def is_complete(self) -> bool:
        """Whether each primary comparison has both runs of each seed that both arms declare.

        Diverged runs count. Failed runs do not, nor do runs with other epochs than most of their arm.
        """
        declared = {arm.name: {*arm.seeds} for arm in self.experiment.arms}
        ended = {
            (row["arm"], row["seed"])
            for row in self.finished
            if self.allowed_epochs(row) in (None, self.usual_epochs(row["arm"]))
        }
        for one in self.primary:
            names = [name for name in (one.comparison.arm, one.comparison.baseline) if name in declared]
            seeds = set.intersection(*(declared[name] for name in names))
            if not {(name, seed) for name in names for seed in seeds} <= ended:
                return False
        return True

    @property
    def verdict(self) -> str:
        return claim_verdict(self.judged)

    def path(self, name: str) -> str:
        return f"{self.dataset}/{self.folder.name}/{name}"


def read_evidence(results_dir: Path, experiments: Sequence[Experiment]) -> list[Evidence]:
    """The evidence of all experiments that have rows, in the order of `experiments`, then by data set."""
    found = [
        evidence_of(folder, experiment)
        for experiment in experiments
        for folder in folders_of(results_dir, experiment)
    ]
    return [evidence for evidence in found if evidence.rows]


def evidence_of(folder: Path, experiment: Experiment) -> Evidence:
    """The evidence of one folder; faults are listed as problems and never raise an exception."""
    records, problems = read_records(folder)
    tables = read_runs(folder, experiment.ranges), read_curves(folder)
    runs, curves, found = check_rows(folder, experiment, *tables, records)
    points: dict[tuple[str, int], dict[int, Row]] = {}
    for line in curves:
        points.setdefault((line.row["arm"], line.row["seed"]), {})[line.row["epoch"]] = line.row
    rows = []
    for line in runs:
        of_run = points.get((line.row["arm"], line.row["seed"]), {})
        curve = [dict(point) for _, point in sorted(of_run.items())]
        rows.append({**line.row, **experiment.derived(line.row, curve)})
    experiment = experiment.with_variants(variants_of(rows, records))
    if {row["dataset"] for row in rows} != {experiment.dataset} or not _tests_claim(rows, experiment):
        # The remarks refer to the primary effects on the experiment's own data set, so they do not apply.
        experiment = replace(experiment, reasons=(), notes=(), disclosures=(), earlier_verdict="")
    return Evidence(experiment, rows, records, folder, [line.row for line in curves], [*found, *problems])


def _tests_claim(rows: Sequence[Row], experiment: Experiment) -> bool:
    """Whether a primary comparison has rows of all its arms; True if there is no primary comparison."""
    missing = {arm.name for arm in experiment.arms} - {row["arm"] for row in rows}
    primary = [one for one in experiment.comparisons if one.primary]
    return not primary or any(not {one.arm, one.baseline} & missing for one in primary)


def variants_of(rows: Sequence[Row], records: Records) -> dict[str, Variant]:
    """The arms that were run with `--set` or `--as`: name in runs.csv -> original arm and settings."""
    found = {}
    for row in rows:
        variant = records.get(row["run_id"], {}).get("variant")
        if isinstance(variant, dict) and isinstance(variant.get("settings"), list):
            settings = tuple(str(setting) for setting in variant["settings"])
            found[row["arm"]] = Variant(str(variant.get("of")), settings)
    return found


def folders_of(results_dir: Path, experiment: Experiment) -> list[Path]:
    return [folder for folder in sorted(results_dir.glob(f"*/{experiment.name}")) if _has_runs(folder)]


def unknown_folders(results_dir: Path, experiments: Sequence[Experiment]) -> list[Path]:
    """Folders that have runs, but not the name of an experiment."""
    names = {experiment.name for experiment in experiments}
    return [
        folder for folder in sorted(results_dir.glob("*/*")) if folder.name not in names and _has_runs(folder)
    ]


def _has_runs(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("runs.csv", "curves.csv")) or any(
        (folder / "records").glob("[!.]*.json")
    )


def without_rows(experiments: Sequence[Experiment], found: Sequence[Evidence]) -> list[Experiment]:
    names = {evidence.experiment.name for evidence in found}
    return [each for each in experiments if each.name not in names and each.is_of_paper]


def contradictions(found: Sequence[Evidence]) -> list[str]:
    """Messages about rows that have the same images and configuration, but different results.

    Runs whose records name different kinds of processors or numbers of threads are not compared, because
    their sums are rounded differently.
    """
    seen: dict[tuple[str, str], list[tuple[str, Row, tuple]]] = {}
    problems = []
    for evidence in found:
        for row in evidence.finished:
            name = f"{evidence.path('')}{row['run_id']}"
            machine = evidence.processor(row), evidence.about(row, "environment").get("intra_op_threads")
            others = seen.setdefault((row["data_fingerprint"], row["config_hash"]), [])
            match = next((one for one in others if _may_agree(machine, one[2])), None)
            others.append((name, row, machine))
            if match is None:
                continue
            known, earlier, _ = match
            problems += [
                f"{name}: {column}: expected {earlier[column]} as in {known}, which has the same "
                f"configuration; received {row[column]}"
                for column in OF_ONE_RUN
                if difference(earlier[column], row[column]) > 0
            ]
    return problems


def _may_agree(machine: tuple, other: tuple) -> bool:
    return all(a == b or not (a and b) for a, b in zip(machine, other, strict=True))
