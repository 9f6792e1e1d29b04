"""The claims of the paper and questions of our own, one file each."""
