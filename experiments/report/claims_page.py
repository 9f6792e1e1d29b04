"""claims.md: every claim of the paper on one page, with what was found, what could have been, and why not."""

from collections.abc import Mapping, Sequence

from experiments.evidence.effects import Judged, Row
from experiments.evidence.read import Evidence, contradictions
from experiments.experiment import Comparison, Experiment
from experiments.report import wording
from experiments.report.claim_sections import has_more_to_say, holds, link, section
from experiments.report.conditions import duration, seconds_of
from experiments.report.headline import count_verdicts
from experiments.report.noise import our_noise, paper_noise
from experiments.report.readme import ours
from experiments.report.robustness import after_holm, family, without_pairing
from experiments.report.tables import bullets, markdown, p_value

HEADER = (
    "claim", "statement", "data set", "measure", "paper", "smallest effect of interest",
    "ours [95% interval]", "pairs", "detectable", "p", "p (Holm)", "verdict", "claim's verdict",
)  # fmt: skip
LEGEND = f"""\
- Smallest effect of interest: the weakest that counts as the claim's, declared in the experiment's file
  before its runs; its sign is the claimed side. The comparisons that decide a claim were declared then too,
  except two that were added later (see their notes): C4's of test - training error and C13's against `dealt`.
  Experiments that were added when the verdict on another of the same claim was known say so in theirs.
- Verdict, from the interval alone: *reproduced* where it lies wholly on the claimed side of no effect (*but
  weaker* where it also excludes the smallest effect of interest); *not reproduced* where it does not, and
  excludes the smallest effect of interest; else *inconclusive*.
- Claim's verdict: an experiment on a data set has the weakest verdict of its comparisons here (from the
  weakest: *not reproduced*, *inconclusive*, *reproduced, but weaker*, *reproduced*). The headline counts
  these, one for each experiment and data set that has pairs of runs; without any it is *no pairs yet*, and
  not counted.
- Detectable: the smallest true effect that so many pairs with so much spread would have detected (an
  interval without no effect in it) four times out of five.
- p: of no effect, two-sided; p (Holm): adjusted over all comparisons of this table that have one, whenever
  they were declared: each further experiment raises the others' p. A run that never reached its target leaves
  none.
- {wording.BOUNDS}"""


def claims_page(
    found: Sequence[Evidence], experiments: Sequence[Experiment], unread: Mapping[str, str] | None = None
) -> str:
    """Markdown, its links relative to the results directory; the same rows give the same bytes.

    Args:
        found: the evidence there is.
        experiments: all that there are, in the order of the page.
        unread: `<dataset>/<experiment>` -> what is wrong, for folders of which no row can be read.
    """
    unread = unread or {}
    doubtful = [evidence for evidence in found if not holds(evidence)]
    noted = [evidence for evidence in found if holds(evidence) and has_more_to_say(evidence)]
    problems = [*unread.values(), *(problem for evidence in found for problem in _problems(evidence))]
    problems += contradictions(found)
    parts = [
        "# The paper's claims, put to the test",
        f"{count_verdicts(found)}. Made from the rows of the experiments by `make report`. {_cost(found)}",
        "[![Effects with intervals, beside the paper's](claims.png)](claims.svg)",
        markdown(HEADER, _lines(found, experiments, unread)),
        LEGEND,
        after_holm(found),
        without_pairing(found),
        "## What was not reproduced, or not decided" if doubtful else "",
        *(section(evidence) for evidence in doubtful),
        "## Notes on what was reproduced" if noted else "",
        *(section(evidence) for evidence in noted),
        "## Noise of the paper's own numbers, and of ours",
        paper_noise(experiments),
        our_noise(found),
        bullets("Problems", problems),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cost(found: Sequence[Evidence]) -> str:
    """What the nets took to train; one that several experiments look at counts once."""
    nets: dict[tuple[str, str], Row] = {}
    for evidence in found:
        for row in evidence.rows:
            nets.setdefault((row["data_fingerprint"], row["config_hash"]), row)
    took = duration(seconds_of(list(nets.values())))
    return f"Their {len(nets)} nets took {took} to train, in sum of wall-clock times, pauses included."


def _lines(
    found: Sequence[Evidence], experiments: Sequence[Experiment], unread: Mapping[str, str]
) -> list[list[str]]:
    lines = []
    tested = family(found)
    for experiment in experiments:
        about = [experiment.claim, experiment.statement]
        of_this = [each for each in tested if each[0].experiment is experiment]
        lines += [
            [*about, link(evidence), *_measured(experiment, one, p), _of_claim(evidence, one)]
            for evidence, one, p in of_this
        ]
        if not of_this:
            is_unread = any(name.endswith(f"/{experiment.name}") for name in unread)
            said = "no readable runs" if is_unread else "no runs yet"
            lines += [
                [*about, "–", *_claimed(experiment, comparison), "–", "0", "", "", "", said, ""]
                for comparison in experiment.comparisons
                if comparison.primary
            ]
    return lines


def _of_claim(evidence: Evidence, one: Judged) -> str:
    """The verdict on the claim, beside the first of its comparisons."""
    return f"**{wording.short_verdict(evidence.verdict)}**" if one is evidence.primary[0] else ""


def _claimed(experiment: Experiment, comparison: Comparison) -> list[str]:
    measure = wording.measure(comparison, "`")
    return [measure, wording.paper_effect(comparison), wording.smallest_effect(comparison)]


def _measured(experiment: Experiment, one: Judged, p_of_family: float | None) -> list[str]:
    return [
        *_claimed(experiment, one.comparison),
        ours(one),
        str(one.effect.n),
        wording.detectable(one.effect, one.comparison),
        p_value(one.effect.p),
        p_value(p_of_family),
        one.verdict,
    ]


def _problems(evidence: Evidence) -> list[str]:
    # Relative: the same rows elsewhere give the same bytes.
    return [problem.replace(f"{evidence.folder}/", evidence.path("")) for problem in evidence.problems]
