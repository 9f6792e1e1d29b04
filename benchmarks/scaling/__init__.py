"""Predicts training on many devices from measured and published rates."""
