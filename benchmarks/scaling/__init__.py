"""Training on many devices, computed from measured and published rates."""
