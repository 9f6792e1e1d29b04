"""Where images come from: the built-in set, folders, TFDS; decoding."""
