"""Runs and searches an experiment's arms, repeats recorded runs, and reuses trained nets."""
