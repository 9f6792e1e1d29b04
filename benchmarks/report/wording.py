"""How numbers of the benchmark are told."""


def significant(value: float) -> str:
    """Three digits, with thousands separated.

    Example:

    >>> significant(7.964), significant(12.34), significant(1234.5)
    ('7.96', '12.3', '1,234')
    """
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def duration(seconds: float) -> str:
    """Seconds, or milliseconds below one.

    Example:

    >>> duration(1.5), duration(0.0123)
    ('1.50 s', '12.3 ms')
    """
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
