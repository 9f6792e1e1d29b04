from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from alexnet_tf.runtime.errors import InputError
from experiments.evidence.read import Evidence, evidence_of, variants_of
from experiments.evidence.runs import Row
from experiments.experiment import Experiment, Variant


def overlaid(folders: Sequence[Path], experiments: Sequence[Experiment]) -> Evidence:
    """The runs of several folders of one experiment, judged together.

    An arm is renamed, for example to `relu (runs)`, if an earlier folder has an arm of the same name. The
    brackets contain the innermost folder name that differs between the paths of the arm and of `folders[0]`,
    or the whole path of the arm's folder if two of the folders would have the same brackets.

    Args:
        folders: `<results-dir>/<dataset>/<experiment>`, at least one.

    Raises:
        InputError: if the folders are not of one experiment, or a folder is given twice or has no valid rows.
    """
    names = {folder.absolute().name for folder in folders}
    experiment = next((each for each in experiments if {each.name} == names), None)
    if experiment is None:
        raise InputError(
            "expected folders <results-dir>/<data set>/<experiment> of one experiment; received "
            + ", ".join(map(str, folders))
        )
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError(f"expected each folder once; received {', '.join(map(str, folders))}")
    labels = [_label(folder, folders[0]) for folder in folders]
    labels = [
        str(folder) if labels.count(label) > 1 else label
        for folder, label in zip(folders, labels, strict=True)
    ]
    rows: list[Row] = []
    curves: list[Row] = []
    records: dict[str, Mapping[str, Any]] = {}
    variants: dict[str, Variant] = {}
    for folder, label in zip(folders, labels, strict=True):
        found = evidence_of(folder, experiment)
        if not found.rows:
            raise InputError(f"expected valid rows in {folder / 'runs.csv'}; received none")
        own = variants_of(found.rows, found.records)
        taken = {row["arm"] for row in rows}
        place = "" if folder == folders[0] else label
        renamed = {
            row["arm"]: f"{row['arm']} ({label})" if row["arm"] in taken else row["arm"] for row in found.rows
        }
        for arm, name in renamed.items():
            if known := own.get(arm) or (Variant(arm) if name != arm else None):
                variants[name] = Variant(known.of, known.settings, place)
        # Runs in two folders may have the same id.
        rows += [
            {**row, "arm": renamed[row["arm"]], "run_id": f"{folder}/{row['run_id']}"} for row in found.rows
        ]
        records |= {f"{folder}/{run_id}": record for run_id, record in found.records.items()}
        curves += [{**row, "arm": renamed.get(row["arm"], row["arm"])} for row in found.curves]
    return Evidence(experiment.with_variants(variants), rows, records, folders[0], curves)


def figure_name(folders: Sequence[Path]) -> str:
    """A file name made of the folders' paths relative to the working directory.

    Example:

    >>> figure_name([Path("runs/cifar10/ablation-relu"), Path("results/cifar10/ablation-relu")])
    'runs-cifar10-ablation-relu+results-cifar10-ablation-relu'
    """
    here = Path.cwd()
    paths = [folder.absolute() for folder in folders]
    names = [
        path.relative_to(here) if path.is_relative_to(here) else path.relative_to(path.anchor)
        for path in paths
    ]
    return "+".join("-".join(name.parts) for name in names)


def _label(folder: Path, first: Path) -> str:
    parts, others = folder.resolve().parts[:-1], first.resolve().parts[:-1]
    differing = [a for a, b in zip_longest(reversed(parts), reversed(others)) if a and a != b]
    return differing[0] if differing else folder.parent.name
