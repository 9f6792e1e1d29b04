"""The text of claims.md on its terms and on how a verdict follows from an interval."""

from experiments.evidence import wording

_MEANINGS = "\n".join(f"| {meaning} | {verdict} |" for verdict, meaning in wording.MEANINGS.items())
TERMS = """\
An arm is a variant of the net or of its training. A pair is two runs with the same seed, one of each arm. A
primary comparison of two arms decides the verdict; a control tests a simpler cause. *s* is the smallest
effect of interest: half of the paper's number where it gives one (C8's epochs: 1.5 for 2), so "reproduced"
means at least half of its effect. [The rule](#the-rule) defines the words for the place of the interval."""
RULE = f"""\
Each comparison declares the smallest effect of interest *s*, before its runs unless a disclosure above says
otherwise. The null value means no effect: 0 for a difference, 1 for a ratio, and 5% for a share of nets with
p ≤ .05, because chance gives 5%. *s* lies on the claimed side of the null value. The mirror of *s* lies on
the other side of the null value: it is -*s* for a difference, 1/*s* for a ratio, and 10% - *s* for a share.
(If *s* is above 10%, as in C13, its mirror is below 0 and cannot occur.) The verdict follows from the
interval alone. The table has the strongest verdict first:

| interval | verdict |
|---|---|
{_MEANINGS}

In the tables, "direction" is the side of the null value on which the interval lies ("open" if it contains
the null value). "Size" is its place relative to *s*: "beyond s" is wholly beyond *s* on the claimed side,
"holds s" contains *s*, "below s" is wholly between *s* and its mirror, and "excludes s" contains the mirror
but not *s*, or lies wholly beyond the mirror. With one or two pairs a comparison is undecided.

A claim has the weakest verdict of its primary comparisons, in the condition closest to the paper's (an
exception is disclosed above). On the data set that the experiments declare, a condition with all pairs comes
before conditions with missing pairs.

A control tests whether a simpler cause could produce the effect. It compares two arms that both have this
cause, or both arms at equal training error. If the primary comparisons confirm the claim,
but a control shows no effect on the claimed side, the verdict adds "explained by" and the cause; if a
control is undecided or has no pairs, it adds "cause open".
{wording.BOUNDS}
A comparison with one ensemble of nets counts the single nets as pairs; its interval leaves out the variation
between ensembles. p (Holm) is adjusted over all primary comparisons of this page (in a table.md, over those
of the table) and does not affect the verdicts.

Pairs are not added to a known result in order to change its verdict (exceptions are disclosed above). New
seeds are declared as an experiment of their own and judged alone. So for an undecided comparison this page
states the number of pairs that would decide it, but they were not run. Computing time goes first to the
experiments named `ablation-...-trained`, the condition `trained`: nets of half the width and 36 epochs,
declared when the rows of the smaller nets were known, before its own runs. Its width and epochs were chosen
after a pilot run with another seed, of which no row is kept.

Version 1 of this rule (release 0.1.0) called every effect on the claimed side reproduced, and its headline
counted experiments, not claims. The rows were known when the rule was changed, so each condition that
version 1 judged also shows that verdict; CHANGELOG.md gives the reason for each change."""
