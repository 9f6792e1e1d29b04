"""Trains arms, searches their learning rates, repeats recorded runs and reuses trained nets."""
