"""The figures of an experiment and of all claims."""
