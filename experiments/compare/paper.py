from collections.abc import Sequence
from pathlib import Path

from alexnet_tf.runtime.errors import InputError
from experiments.compare.folders import find_folders
from experiments.compare.results import AGREE, DIFFER, UNDECIDED
from experiments.evidence import wording
from experiments.evidence.effects import Judged
from experiments.evidence.paper import Place, distance, place_of
from experiments.evidence.read import Evidence, evidence_of
from experiments.experiment import Comparison, Experiment


def compare_with_paper(path: Path, experiments: Sequence[Experiment]) -> tuple[int, str]:
    """Lists every effect for which the paper has a number, beside that number.

    Returns:
        status: 1 if the whole interval of a primary effect is weaker than the paper's number. Else 2 if rows
            or records have problems, or no primary effect has an interval from at least three pairs. Else 0.
        text: human-readable report.

    Raises:
        InputError: if the path is missing, or has no rows of an experiment for which the paper has numbers.
    """
    known = {
        experiment.name: experiment
        for experiment in experiments
        if any(comparison.paper_effect is not None for comparison in experiment.comparisons)
    }
    folders = [folder.resolve() for folder in find_folders(path).values()]
    found = [evidence_of(folder, known[folder.name]) for folder in folders if folder.name in known]
    if not found:
        raise InputError(
            f"{path}: expected rows of an experiment for which the paper has numbers ({', '.join(known)}); "
            "received none"
        )
    order = list(known)
    found.sort(key=lambda evidence: (order.index(evidence.experiment.name), evidence.dataset))
    places = [
        place_of(one.effect, one.comparison)[0]
        for evidence in found
        for one in evidence.primary
        if one.comparison.paper_effect is not None
    ]
    problems = [problem for evidence in found for problem in evidence.problems]
    decided = [place for place in places if place is not Place.UNKNOWN]
    status = DIFFER if Place.WEAKER in decided else AGREE if decided and not problems else UNDECIDED
    return status, _text(path, found, places, problems)


def _text(path: Path, found: Sequence[Evidence], places: Sequence[Place], problems: Sequence[str]) -> str:
    lines = [f"comparing {path} with the paper: is the paper's number within our 95% interval?"]
    for evidence in found:
        title = f"{evidence.experiment.claim}, {evidence.experiment.name} on {evidence.dataset}"
        folders = [one.folder for one in found if one.folder.parts[-2:] == evidence.folder.parts[-2:]]
        # `float32/cifar10/ablation-pooling` and `cifar10/ablation-pooling` would have the same title.
        lines.append(f"{title} ({evidence.folder})" if len(folders) > 1 else title)
        lines += [f"  {_line(one)}" for one in evidence.judged if one.comparison.paper_effect is not None]
    counts = [f"{places.count(place)} {place.value}" for place in Place if place in places]
    lines.append(f"primary comparisons: {'; '.join(counts) or 'none'}")
    if problems:
        lines += [f"not readable: {len(problems)}", *(f"  {problem}" for problem in problems)]
    return "\n".join(lines)


def _line(one: Judged) -> str:
    comparison, effect, paper = one.comparison, one.effect, one.comparison.paper_effect
    claim = " (the claim)" if comparison.primary else ""
    place, outside = place_of(effect, comparison)
    parts = [place.value]
    if outside is not None:
        parts.append(f"{_amount(outside, comparison)} from the interval")
    if effect.effect is not None and effect.bound is None and paper is not None:
        parts.append(f"{_amount(distance(effect.effect, paper, comparison), comparison)} from our mean")
    numbers = f"ours {wording.effect_text(effect, comparison)}, paper {wording.paper_effect(comparison)}"
    return f"{wording.measure(comparison)}{claim}: {numbers}: {'; '.join(parts)}"


def _amount(value: float, comparison: Comparison) -> str:
    return wording.amount(value, comparison).lstrip("+") + wording.unit(comparison)
