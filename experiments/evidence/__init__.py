"""Checks recorded rows and computes effects and verdicts from them."""
