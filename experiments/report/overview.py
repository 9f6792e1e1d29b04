"""Scale, cost, independence and provenance of the nets behind the verdicts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence
from experiments.evidence.runs import Row
from experiments.report.conditions import devices, duration, seconds_of, span
from experiments.report.markdown import bullets, markdown

# From the paper, sections 2 to 5.
PAPER = (
    "the paper", "1,376 in conv1 to conv5, 96 of them in conv1", "1.2 million", "224 of 256", "about 90",
    "two GTX 580 (3 GB)", "five to six days a net", "not stated",
)  # fmt: skip
KERNELS = 1376
HEADER = ("", "kernels", "training images", "pixels", "epochs", "hardware", "training time", "money")
CHANGES = "Deleted, added or changed after rows were known"
# Data fingerprint and config hash.
Net = tuple[str, str]


def nets_of(found: Sequence[Evidence]) -> dict[Net, list[tuple[Row, Evidence]]]:
    """The trained nets, each with all rows that use it and their evidence."""
    nets: dict[Net, list[tuple[Row, Evidence]]] = {}
    for evidence in found:
        for row in filter(evidence.is_trained, evidence.rows):
            nets.setdefault((row["data_fingerprint"], row["config_hash"]), []).append((row, evidence))
    return nets


def at_a_glance(found: Sequence[Evidence]) -> str:
    """A table of scale and cost: the paper's nets, then ours by kind and data set."""
    kinds: dict[tuple[str, str], list[tuple[Row, Evidence]]] = {}
    for (row, evidence), *_ in nets_of(found).values():
        kind = "AlexNet" if row["model"] == "AlexNetConfig" else "four-layer net"
        kinds.setdefault((kind, evidence.dataset), []).append((row, evidence))
    lines = [list(PAPER)]
    for (kind, dataset), nets in sorted(kinds.items()):
        rows = [row for row, _ in nets]
        configs = [evidence.about(row, "config") for row, evidence in nets]
        data = [evidence.about(row, "data") for row, evidence in nets]
        lines.append([
            f"{kind} on {dataset}, {len(nets)} nets",
            _kernels([each.get("model", {}) for each in configs]),
            span([each.get("train_examples") for each in data], ","),
            _pixels(configs, data),
            span([row["epochs"] for row in rows]),
            devices(rows),
            f"{duration(seconds_of(rows))} in total",
            "own machine",
        ])  # fmt: skip
    return markdown(HEADER, lines)


def _kernels(models: Sequence[Mapping[str, Any]]) -> str:
    shares = [each["width"] * sum(_filters(each)) / KERNELS for each in models if each.get("width")]
    return f"{span(shares, '.0%')} of the paper's" if shares else "–"


def _filters(model: Mapping[str, Any]) -> list[int]:
    removed = model.get("without", ())
    return [count for stage, count in enumerate(model["filters"], 1) if stage not in removed]


def _pixels(configs: Sequence[Mapping[str, Any]], data: Sequence[Mapping[str, Any]]) -> str:
    inputs = [each["input_shape"][0] for each in data if each.get("input_shape")]
    images = [each.get("data", {}).get("image_size") or None for each in configs]
    whole = span(images)
    return span(inputs) if whole in ("–", span(inputs)) else f"{span(inputs)} of {whole}"


def before_you_rely(found: Sequence[Evidence], deciding: Sequence[Evidence], adjusted: str) -> str:
    """A list of the evidence's limits: shared nets, processors and late changes.

    `deciding` is the part of `found` that decides the claims.
    """
    changes = [
        f"  - {evidence.experiment.claim}, {evidence.experiment.name}: {text}"
        for evidence in found
        for text in evidence.experiment.disclosures
    ]
    total = f" All conditions on this page use {len(nets_of(found))} nets."
    parts = [f"{independence(deciding)}{total}".strip(), adjusted, _provenance(found)]
    if changes:
        parts.append(f"{CHANGES}:\n" + "\n".join(changes))
    return bullets("Before you rely on a verdict", parts)


def independence(deciding: Sequence[Evidence]) -> str:
    """Text: which verdicts rest on the same nets."""
    nets = _compared_nets(deciding).values()
    groups = Counter(tuple(dict.fromkeys(one.experiment.claim for _, one in rows)) for rows in nets)
    shared = sorted(
        (item for item in groups.items() if len(item[0]) > 1), key=lambda item: (-len(item[0]), item)
    )
    if not nets:
        return ""
    if not shared:
        return f"The verdicts share none of their {len(nets)} nets."
    groups_of = "; ".join(f"{', '.join(names)} and {last} share {n}" for (*names, last), n in shared)
    return (
        "The verdicts are not independent, because a fault in a net is a fault in each claim that it serves: "
        f"of the {len(nets)} nets behind the verdicts, {groups_of}."
    )


def _compared_nets(deciding: Sequence[Evidence]) -> dict[Net, list[tuple[Row, Evidence]]]:
    """The nets of the primary comparisons."""
    compared = {
        (evidence.path(""), name, seed)
        for evidence in deciding
        for one in evidence.primary
        for name in (one.comparison.arm, one.comparison.baseline)
        for seed in one.effect.per_seed
    }
    nets = {
        net: [(row, one) for row, one in rows if (one.path(""), row["arm"], row["seed"]) in compared]
        for net, rows in nets_of(deciding).items()
    }
    return {net: rows for net, rows in nets.items() if rows}


def ensemble(evidence: Evidence, one: Judged) -> str:
    """A remark if all rows of an arm describe one ensemble of nets."""
    arms = {arm.name: arm for arm in evidence.experiment.arms}
    seeds = {*one.effect.per_seed}
    return " (one ensemble)" * (bool(seeds) and arms[one.comparison.arm].is_one_ensemble(seeds))


def _provenance(found: Sequence[Evidence]) -> str:
    nets = nets_of(found).values()
    named = Counter(next(filter(None, (one.processor(row) for row, one in rows)), "") for rows in nets)
    unnamed = named.pop("", 0)
    were = {True: "net was", False: "nets were"}
    kinds = "; ".join(f"{n} {were[n == 1]} trained on {kind}" for kind, n in sorted(named.items()))
    text = f"Processors: {kinds}. " if kinds else "Processors: "
    if not unnamed:
        return text.strip()
    pairs = [pair for evidence in found for pair in _pairs(evidence)]
    mixed = sum(not all(pair) for pair in pairs)
    return (
        f"{text}The records of {unnamed} of the {len(nets)} nets do not name the processor's family "
        f"and model. A pair whose records name different kinds of processors is not used; for "
        f"{mixed} of the {len(pairs)} pairs of different nets in the primary comparisons, the records do not "
        "show whether both kinds are the same."
    )


def _pairs(evidence: Evidence) -> list[tuple[str, str]]:
    """The kinds of processors of both runs of each pair of two nets."""
    by_run = {(row["arm"], row["seed"]): row for row in evidence.rows}
    runs = {
        (by_run[one.comparison.arm, seed]["run_id"], by_run[one.comparison.baseline, seed]["run_id"]): (
            by_run[one.comparison.arm, seed], by_run[one.comparison.baseline, seed]
        )
        for one in evidence.primary
        if one.comparison.kind != "share"
        for seed in one.effect.per_seed
    }  # fmt: skip
    return [
        (evidence.processor(arm), evidence.processor(baseline))
        for arm, baseline in runs.values()
        if arm["config_hash"] != baseline["config_hash"]
    ]
