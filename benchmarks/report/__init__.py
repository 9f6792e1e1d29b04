"""Targets, tables and the chart, made from recorded rows."""
