"""Intervals, effects, verdicts."""
