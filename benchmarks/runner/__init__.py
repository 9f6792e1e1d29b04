"""Measures contenders, which run in worker processes and take turns."""
