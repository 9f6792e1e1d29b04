"""Formats effects and verdicts as text: percentage points, factors, intervals."""

import math

from alexnet_tf.statistics.effects import LEVEL, VERDICTS, Effect
from alexnet_tf.statistics.power import detectable_effect
from experiments.evidence.effects import Judged
from experiments.experiment import Comparison

BOUNDS = (
    "If runs never reached the target, only a bound of the effect is known. With at least five pairs, a "
    "one-sided interval for the median is given."
)
# Where the 95% interval of each verdict lies; s is the smallest effect of interest, and its mirror lies
# equally far on the other side of the null value.
PLACES = (
    "wholly beyond *s* on the claimed side",
    "wholly on the claimed side, contains *s*",
    "wholly on the claimed side, between the null value and *s*",
    "contains the null value and *s*",
    "contains the null value and the mirror of *s*, but not *s*",
    "contains the null value, but neither *s* nor its mirror",
    "wholly on the other side",
)
MEANINGS = dict(zip(VERDICTS, PLACES, strict=True))
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"


def number(value: float, like: float | None = None) -> str:
    """A number with at least three significant digits, if six decimal places suffice.

    Args:
        like: `value` gets as many decimal places as this number would get.

    Example:

    >>> number(5.518), number(1234.5), number(0.0123), number(0.683, like=12.34)
    ('5.52', '1234', '0.0123', '0.7')
    """
    shown = abs(value if like is None else like)
    decimals = 2 if shown == 0 else min(max(2 - math.floor(math.log10(shown)), 0), 6)
    # + 0.0 avoids a negative zero.
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", MINUS)


def points(value: float) -> str:
    """A fraction in percentage points, with a sign.

    Example:

    >>> points(0.0123)
    '+1.23'
    """
    return f"{round(100 * value, 2) + 0.0:+.2f}".replace("-", MINUS)


def amount(value: float, comparison: Comparison, like: float | None = None) -> str:
    """An effect without its unit: a ratio as `number`, a difference as `difference`, a share in percent."""
    if comparison.kind == "ratio":
        return number(value, like)
    if comparison.kind == "share":
        return f"{100 * value:.3g}%"
    return difference(value, comparison.metric.is_fraction, like)


def difference(value: float, is_fraction: bool, like: float | None = None) -> str:
    """A difference with its sign, without unit; in percentage points if the metric is a fraction."""
    if is_fraction:
        return points(value)
    text = number(value, like)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def unit(comparison: Comparison) -> str:
    if comparison.kind == "ratio":
        return TIMES
    if comparison.kind == "share":
        return ""
    return " points" if comparison.metric.is_fraction else ""


def paper_effect(comparison: Comparison) -> str:
    return "–" if comparison.paper_effect is None else declared(comparison.paper_effect, comparison)


def declared(value: float, comparison: Comparison) -> str:
    """A declared number with its unit.

    Example:

    >>> from experiments.experiment import TEST_ERROR, Comparison
    >>> declared(-0.0085, Comparison("two", "one", TEST_ERROR, "difference", -0.017, -0.0085))
    '−0.85 points'
    """
    if comparison.kind == "ratio":
        return f"{value:g}{TIMES}"
    if comparison.kind == "share":
        return amount(value, comparison)
    scaled = f"{100 * value:+.3g}" if comparison.metric.is_fraction else f"{value:+.3g}"
    return scaled.replace("-", MINUS) + unit(comparison)


def interval(effect: Effect, comparison: Comparison) -> str:
    if effect.low is None and effect.high is None:
        return ""
    like = _like(effect, comparison)
    left, right = "(0" if comparison.kind == "ratio" else f"({MINUS}∞", "∞)"
    if effect.low is not None:
        left = f"[{amount(effect.low, comparison, like)}"
    if effect.high is not None:
        right = f"{amount(effect.high, comparison, like)}]"
    return f"{left}, {right}"


def _like(effect: Effect, comparison: Comparison) -> float:
    # A difference may be close to 0 by chance, so its interval sets the decimal places.
    known = [abs(x) for x in (effect.effect, effect.low, effect.high) if x is not None]
    return known[0] if comparison.kind == "ratio" else max(known)


def estimate(effect: Effect, comparison: Comparison) -> str:
    """An effect with its unit, and with > or < if it is only a bound; without an effect, the reason.

    Example:

    >>> from experiments.experiment import Metric
    >>> epochs = Metric("epochs", "epochs to 25%", "epochs")
    >>> tanh_slower = Comparison("tanh", "relu", epochs, "ratio", 6.0, 3.0)
    >>> estimate(Effect(5, 8.0, 7.1, None, 0.001, bound="lower"), tanh_slower)
    '> 8.00×'
    """
    if effect.effect is None:
        if effect.bound == "none":
            return "censored on both sides"
        return "no net" if comparison.kind == "share" else "no pair"
    sign = {"lower": "> ", "upper": "< "}.get(effect.bound or "", "")
    return f"{sign}{amount(effect.effect, comparison, _like(effect, comparison))}{unit(comparison)}"


def effect_text(effect: Effect, comparison: Comparison) -> str:
    return f"{estimate(effect, comparison)} {interval(effect, comparison)}".rstrip()


def judged_effect(one: Judged) -> str:
    # A share has an interval even for a single net.
    if one.effect.n == 1 and one.effect.effect is not None and one.comparison.kind != "share":
        return "one pair, no interval"
    return effect_text(one.effect, one.comparison)


def detectable(effect: Effect, comparison: Comparison) -> str:
    """The smallest effect that these pairs would detect with 80% probability; empty if it is unknown."""
    least = detectable_effect(effect, comparison.kind)
    if least is None:
        return ""
    return amount(least, comparison).lstrip("+") + unit(comparison)


def title(comparison: Comparison) -> str:
    """The title of a comparison: that of its metric or, for a share, that of the share.

    Example:

    >>> from experiments.experiment import Metric
    >>> p = Metric("p", "p value", share_title="share of nets that differ")
    >>> title(Comparison("net", "chance", p, "share", None, 0.5))
    'share of nets that differ'
    """
    metric = comparison.metric
    if comparison.kind == "share":
        return metric.share_title or f"share of nets with {metric.title} ≤ {LEVEL:g}"
    return metric.title


def contrast(comparison: Comparison, quote: str = "") -> str:
    if comparison.kind == "share":
        return f"{quote}{comparison.arm}{quote}"
    sign = "/" if comparison.kind == "ratio" else MINUS
    return f"{quote}{comparison.arm}{quote} {sign} {quote}{comparison.baseline}{quote}"


def measure(comparison: Comparison, quote: str = "") -> str:
    """The metric and the arms, such as "test error, two − one"; for a share of nets only its title."""
    if comparison.kind == "share":
        return title(comparison)
    return f"{title(comparison)}, {contrast(comparison, quote)}"
