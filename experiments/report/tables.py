"""table.md: a claim, its arms, its effects, and the conditions of the measurement."""

from collections.abc import Sequence

from alexnet_tf.results.csv_rows import Table
from alexnet_tf.statistics.intervals import mean_interval
from experiments.evidence import wording
from experiments.evidence.effects import Judged
from experiments.evidence.read import Evidence
from experiments.evidence.runs import Row, Values
from experiments.experiment import TEST_ERROR, TEST_TOP5_ERROR, TRAIN_ERROR, Comparison, Metric
from experiments.report.conditions import conditions, count, joined, notes
from experiments.report.finding import decided_elsewhere, missing_pairs
from experiments.report.markdown import bullets, markdown


def experiment_table(evidence: Evidence, searched: Table, decider: Evidence | None = None) -> str:
    """Markdown for one experiment on one data set; the same rows give the same bytes.

    `decider` is the evidence that decides the claim, if it is not this one.
    """
    experiment = evidence.experiment
    of_paper = f"Section {experiment.section} of the paper"
    own = f"A question of our own, on section {experiment.section} of the paper"
    problems = [
        problem.removeprefix(f"{evidence.folder}/") for problem in (*evidence.problems, *searched.problems)
    ]
    parts = [
        f"# {experiment.claim}: {experiment.name} on {joined(evidence.rows, 'dataset')}",
        f"{of_paper if experiment.is_of_paper else own}. {experiment.statement}",
        decided_elsewhere(decider) if decider else "",
        missing_pairs(evidence),
        _arms(evidence),
        _effects(evidence.with_rows),
        bullets("Left out of the pairs", _left_out(evidence.with_rows)),
        bullets("Reasons", experiment.reasons),
        bullets("Notes", notes(evidence, searched.rows)),
        bullets("Deleted, added or changed after rows were known", experiment.disclosures),
        bullets("Departures from the experiment's definition", _departures(evidence)),
        bullets("Conditions", conditions(evidence)),
        bullets("Problems", problems),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _arms(evidence: Evidence) -> str:
    metrics = _shown_metrics(evidence)
    changes = {arm.name: arm.change for arm in evidence.experiment.arms}
    body = []
    for name in evidence.arms:
        of_arm = evidence.of_arm(name)
        body.append([
            f"`{name}`",
            changes.get(name, "(not among the experiment's arms)"),
            ", ".join(sorted({_rate(evidence, row) for row in of_arm})),
            count(of_arm),
            *(_cell(evidence, name, metric, len(of_arm)) for metric in metrics),
        ])  # fmt: skip
    header = ["arm", "description", "learning rate", "runs", *(metric.title for metric in metrics)]
    caption = (
        "Mean ± half the 95% t interval over seeds, at the last epoch. A cell gives n where it is not the "
        "number of runs."
    )
    return f"{markdown(header, body)}\n\n{caption}"


def _shown_metrics(evidence: Evidence) -> list[Metric]:
    compared = [one.comparison.metric for one in evidence.with_rows]
    top5 = [TEST_TOP5_ERROR] if TEST_TOP5_ERROR in compared else []
    own = [
        metric
        for metric in evidence.experiment.metrics
        if metric.of_curve or any(row.get(metric.name) is not None for row in evidence.rows)
    ]
    return list(dict.fromkeys((TRAIN_ERROR, TEST_ERROR, *top5, *own, *compared)))


def _rate(evidence: Evidence, row: Row) -> str:
    # From the record, because the row has the rate of the last epoch.
    rate = evidence.about(row, "config").get("train", {}).get("learning_rate")
    return "unknown" if rate is None else f"{rate:g}"


def _cell(evidence: Evidence, arm: str, metric: Metric, runs: int) -> str:
    found, sample = evidence.values(arm, metric.name), evidence.sample(arm, metric.name)
    counted = len(sample) + len(found.limits)
    text = _values(found, sample, metric)
    return text if counted in (0, runs) else f"{text} (n = {counted})"


def _values(found: Values, sample: Sequence[float], metric: Metric) -> str:
    show = _percent if metric.is_fraction else wording.number
    if found.limits:
        limits = list(dict.fromkeys(f"{limit:g}" for limit in sorted(found.limits.values())))
        beyond = f"> {limits[0]}" + (f" to > {limits[-1]}" if len(limits) > 1 else "")
        if not found.known:
            return f"{beyond} {'epoch' if limits == ['1'] else 'epochs'}"
        others = ", ".join(show(value) for value in sorted(found.known))
        return f"{len(found.limits)} of {len(found.limits) + len(found.known)} {beyond}; others {others}"
    if sample and not metric.is_averaged:
        return ", ".join(show(value) for value in sample)
    interval = mean_interval(sample)
    if interval.mean is None:
        return "–"
    if interval.high is None:
        return show(interval.mean)
    return f"{show(interval.mean)} ± {show(interval.high - interval.mean, interval.mean)}"


def _percent(value: float, like: float | None = None) -> str:
    return f"{100 * value:.2f}%".replace("-", wording.MINUS)


def _effects(judged: Sequence[Judged]) -> str:
    if not judged:
        return ""
    body = [
        [
            wording.contrast(one.comparison, "`") + role(one.comparison),
            wording.title(one.comparison),
            wording.paper_effect(one.comparison),
            wording.declared(one.comparison.smallest_effect, one.comparison),
            wording.effect_text(one.effect, one.comparison),
            str(one.effect.n),
            wording.detectable(one.effect, one.comparison),
            p_value(one.p_holm),
            one.verdict,
        ]
        for one in judged
    ]
    bounds = any(one.effect.bound in ("lower", "upper") for one in judged)
    header = ["comparison", "metric", "paper", "s", "ours [95% interval]", "pairs", "detectable", "p (Holm)"]
    caption = (
        "s: the smallest effect of interest. Detectable: the smallest true effect that would be found with "
        "80% probability: the interval of this many pairs with this spread would exclude the null value. p "
        "is adjusted by Holm's method over the comparisons of this table; it does not affect the verdict."
    )
    if bounds:
        caption += f" {wording.BOUNDS}"
    return f"{markdown([*header, 'verdict'], body)}\n\n{caption}"


def role(comparison: Comparison) -> str:
    if comparison.control:
        return f" (control: {comparison.control})"
    return " (primary)" if comparison.primary else ""


def p_value(p: float | None) -> str:
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _left_out(judged: Sequence[Judged]) -> list[str]:
    notes = (f"{one.comparison.metric.name}: {note}" for one in judged for note in one.notes)
    return list(dict.fromkeys(notes))


def _departures(evidence: Evidence) -> list[str]:
    arms: dict[str, list[str]] = {}
    for arm, words in evidence.departures().items():
        for one in words:
            arms.setdefault(one, []).append(f"`{arm}`")
    return [f"{words}: {', '.join(names)}" for words, names in arms.items()]
