"""Makes the targets' verdicts, the tables and the chart from recorded rows."""
