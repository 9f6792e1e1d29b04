"""Sources of image sets: the built-in set, folders and TFDS."""
