"""Numbers as people read them: percentages, percentage points, times."""

import math

from alexnet_tf.statistics import effects as statistics
from alexnet_tf.statistics.effects import Effect
from experiments.experiment import Comparison, Experiment

BOUNDS = (
    "Where runs never reached the target the effect is a bound; with at least five pairs its interval is one "
    "for the median, open on one side."
)
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"


def origin(experiment: Experiment) -> str:
    """Where the paper makes the claim, or that it does not."""
    if experiment.is_of_paper:
        return f"Section {experiment.section} of the paper"
    return f"A question of our own, on section {experiment.section} of the paper"


def decimals(value: float) -> int:
    """Decimal places that show a value to three significant digits.

    Example:

    >>> decimals(5.518), decimals(1234.5), decimals(0.0123)
    (2, 0, 4)
    """
    return 2 if value == 0 else min(max(2 - math.floor(math.log10(abs(value))), 0), 6)


def number(value: float, like: float | None = None) -> str:
    """Three significant digits without exponent; or as many decimal places as `like` has.

    Example:

    >>> number(5.518), number(12.34), number(0.683, like=12.34)
    ('5.52', '12.3', '0.7')
    """
    return f"{value:.{decimals(value if like is None else like)}f}".replace("-", MINUS)


def points(value: float) -> str:
    """A difference of errors, in percentage points with its sign.

    Example:

    >>> points(0.0123)
    '+1.23'
    """
    return f"{100 * value:+.2f}".replace("-", MINUS)


def amount(value: float, comparison: Comparison, like: float | None = None) -> str:
    """The size of an effect, without unit, with as many decimal places as `like`."""
    if comparison.kind == "ratio":
        return number(value, like)
    if comparison.metric.is_fraction:
        return points(value)
    return ("+" if value > 0 else "") + number(value, like)


def unit(comparison: Comparison) -> str:
    """What follows the size of an effect."""
    if comparison.kind == "ratio":
        return TIMES
    return " points" if comparison.metric.is_fraction else ""


def paper_effect(comparison: Comparison) -> str:
    """The paper's number, or a dash where it has none."""
    return "–" if comparison.paper_effect is None else _declared(comparison.paper_effect, comparison)


def smallest_effect(comparison: Comparison) -> str:
    """The smallest effect of interest.

    Example:

    >>> from experiments.experiment import TEST_ERROR, Comparison
    >>> smallest_effect(Comparison("two", "one", TEST_ERROR, "difference", -0.017, -0.0085))
    '−0.85 points'
    """
    return _declared(comparison.smallest_effect, comparison)


def _declared(value: float, comparison: Comparison) -> str:
    """A number as it was declared, without digits that it does not have."""
    if comparison.kind == "ratio":
        return f"{value:g}{TIMES}"
    scaled = f"{100 * value:+.3g}" if comparison.metric.is_fraction else f"{value:+.3g}"
    return scaled.replace("-", MINUS) + unit(comparison)


def interval(effect: Effect, comparison: Comparison) -> str:
    """The interval of an effect, open where censored runs leave it open; empty where there is none."""
    if effect.low is None and effect.high is None:
        return ""
    if effect.low is None:
        left = "(0" if comparison.kind == "ratio" else f"({MINUS}∞"
    else:
        left = f"[{amount(effect.low, comparison, _like(effect, comparison))}"
    right = "∞)" if effect.high is None else f"{amount(effect.high, comparison, _like(effect, comparison))}]"
    return f"{left}, {right}"


def _like(effect: Effect, comparison: Comparison) -> float:
    """The value whose decimal places an effect and its interval have.

    A difference may be as near to 0 as chance will have it: its digits are those of its interval.
    """
    if comparison.kind == "ratio":
        return effect.effect
    return max(abs(x) for x in (effect.effect, effect.low, effect.high) if x is not None)


def estimate(effect: Effect, comparison: Comparison) -> str:
    """An effect with its unit, as a bound where it is one.

    Example:

    >>> from experiments.experiment import Metric
    >>> epochs = Metric("epochs", "epochs to 25%", "epochs")
    >>> tanh_slower = Comparison("tanh", "relu", epochs, "ratio", 6.0, 3.0)
    >>> estimate(Effect(5, 8.0, 7.1, None, 0.001, bound="lower"), tanh_slower)
    '> 8.00×'
    """
    if effect.effect is None:
        return "censored on both sides" if effect.bound == "none" else "no pair"
    sign = {"lower": "> ", "upper": "< "}.get(effect.bound, "")
    return f"{sign}{amount(effect.effect, comparison, _like(effect, comparison))}{unit(comparison)}"


def effect_text(effect: Effect, comparison: Comparison) -> str:
    """An effect with its interval, on one line."""
    return f"{estimate(effect, comparison)} {interval(effect, comparison)}".rstrip()


def detectable(effect: Effect, comparison: Comparison) -> str:
    """The smallest effect that would have been seen, without a sign; empty where it cannot be told."""
    least = statistics.detectable_effect(effect, comparison.kind)
    if least is None:
        return ""
    return amount(least, comparison).lstrip("+") + unit(comparison)


def contrast(comparison: Comparison, quote: str = "") -> str:
    """Which arm against which baseline: a quotient or a difference of names."""
    sign = "/" if comparison.kind == "ratio" else MINUS
    return f"{quote}{comparison.arm}{quote} {sign} {quote}{comparison.baseline}{quote}"


def measure(comparison: Comparison, quote: str = "") -> str:
    """What is compared, and of which arms: "test error, two − one"."""
    return f"{comparison.metric.title}, {contrast(comparison, quote)}"


def short_verdict(verdict: str) -> str:
    """A verdict for the margin of a figure.

    Example:

    >>> short_verdict("reproduced, but weaker than the smallest effect of interest")
    'reproduced, but weaker'
    """
    return verdict.split(" than ")[0].split(" (")[0]
