"""The claims of the paper, then questions of our own: one file each."""
