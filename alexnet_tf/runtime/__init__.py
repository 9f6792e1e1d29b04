"""Files, errors, the command line and the machine."""
