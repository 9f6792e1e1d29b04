"""Whether a results folder agrees with the paper's own numbers."""

from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from experiments.compare.folders import find_folders
from experiments.compare.results import AGREE, DIFFER, UNDECIDED
from experiments.evidence.effects import Judged
from experiments.evidence.paper_distance import Place, apart, distance
from experiments.evidence.read import Evidence, evidence_of
from experiments.experiment import Comparison, Experiment
from experiments.report import wording


def compare_with_paper(path: Path, experiments: Sequence[Experiment]) -> tuple[int, str]:
    """Sets every effect for which the paper has a number beside that number.

    Only a claim's primary comparisons decide: the others of an experiment are its controls, under conditions
    for which the paper claims nothing, or further measures. They are listed.

    Args:
        path: a results folder of any level, an experiment's folder, or a runs.csv or curves.csv in it.
        experiments: whose folders are looked for, by name.

    Returns:
        status: 0 no interval of a primary comparison excludes the paper's number on the side of no effect
            (it holds the number, or lies beyond it on the claimed side); 1 one does; 2 none does but not all
            rows could be read, or no primary comparison has both a number and an interval (of at least
            three pairs).
        text: for people.

    Raises:
        InputError: when the path is missing or holds no rows for which the paper has a number.
    """
    known = {experiment.name: experiment for experiment in experiments if _numbered(experiment)}
    folders = [folder.path.resolve() for folder in find_folders(Path(path)).values()]
    found = [evidence_of(folder, known[folder.name]) for folder in folders if folder.name in known]
    if not found:
        raise InputError(
            f"expected rows of {', '.join(known)} in {path}, for which the paper has numbers; received none"
        )
    order = list(known)
    found.sort(key=lambda evidence: (order.index(evidence.experiment.name), evidence.dataset))
    places = [
        distance(one.effect, one.comparison).place
        for evidence in found
        for one in evidence.primary
        if one.comparison.paper_effect is not None
    ]
    problems = [problem for evidence in found for problem in evidence.problems]
    decided = [place for place in places if place is not Place.UNKNOWN]
    status = DIFFER if Place.WEAKER in decided else AGREE if decided and not problems else UNDECIDED
    return status, _text(Path(path), found, places, problems)


def _numbered(experiment: Experiment) -> bool:
    return any(comparison.paper_effect is not None for comparison in experiment.comparisons)


def _text(path: Path, found: Sequence[Evidence], places: Sequence[Place], problems: Sequence[str]) -> str:
    lines = [f"comparing {path} with the paper: is its number within our 95% interval?"]
    for evidence in found:
        lines.append(_title(path, evidence))
        lines += [
            f"  {_line(evidence.experiment, one)}"
            for one in evidence.judged
            if one.comparison.paper_effect is not None
        ]
    counts = [f"{places.count(place)} {place.value}" for place in Place if place in places]
    lines.append(f"the claims' own comparisons: {'; '.join(counts) or 'none'}")
    if problems:
        lines += [f"not readable: {len(problems)}", *(f"  {problem}" for problem in problems)]
    return "\n".join(lines)


def _title(path: Path, evidence: Evidence) -> str:
    """Whose rows they are; with their folder where that is deeper than `<dataset>/<experiment>`."""
    title = f"{evidence.experiment.claim}, {evidence.experiment.name} on {evidence.dataset}"
    is_below = evidence.folder.is_relative_to(path.resolve())
    depth = len(evidence.folder.relative_to(path.resolve()).parts) if is_below else 0
    return f"{title} ({path / evidence.folder.relative_to(path.resolve())})" if depth > 2 else title


def _line(experiment: Experiment, one: Judged) -> str:
    comparison, effect = one.comparison, one.effect
    measure = wording.measure(comparison)
    claim = " (the claim)" if comparison.primary else ""
    found = distance(effect, comparison)
    said = found.place.value
    if found.outside is not None:
        said += f"; {_far(found.outside, comparison)} from the interval"
    if effect.effect is not None and effect.bound is None:
        far = apart(effect.effect, comparison.paper_effect, comparison)
        said += f"; {_far(far, comparison)} from our mean"
    numbers = f"ours {wording.effect_text(effect, comparison)}, paper {wording.paper_effect(comparison)}"
    return f"{measure}{claim}: {numbers}: {said}"


def _far(apart: float, comparison: Comparison) -> str:
    return wording.amount(apart, comparison).lstrip("+") + wording.unit(comparison)
