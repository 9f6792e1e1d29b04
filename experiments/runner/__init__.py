"""Training an experiment's arms: run, search, rerun, and the reuse of nets."""
