"""Recorded rows, checked and judged."""
