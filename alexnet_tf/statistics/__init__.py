"""Intervals, effects, verdicts and statistical power."""
