"""Compares two results with each other, or a result with the paper."""
