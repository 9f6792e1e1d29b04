"""Trains arms, searches their learning rates and repeats recorded runs."""
