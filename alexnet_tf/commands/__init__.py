"""The commands of `python -m alexnet_tf`, one module each."""
