"""Image sets that are streamed from disk."""
