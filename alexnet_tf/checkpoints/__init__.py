"""A run's state on disk, saved networks, weights that come from elsewhere."""
