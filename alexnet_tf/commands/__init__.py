"""One file a command of `python -m alexnet_tf`."""
