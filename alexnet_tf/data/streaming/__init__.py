"""Image sets that are streamed from disk: scan, TFDS records, pixel cache, reading processes."""
