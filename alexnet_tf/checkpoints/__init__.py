"""Checkpoints of runs, saved networks, and weights imported from other programs."""
