"""Utilities of all commands: environment, processor, start-up, files, errors, command line."""
