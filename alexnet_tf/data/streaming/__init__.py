"""Sets that stay on disk: scan, records, cached pixels."""
