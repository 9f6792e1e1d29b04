"""The commands of `alexnet`, one module each."""
