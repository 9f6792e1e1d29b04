"""The chart, tables and targets of recorded measurements."""
