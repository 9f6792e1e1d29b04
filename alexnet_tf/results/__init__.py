"""Rows on disk: columns, reading, writing."""
