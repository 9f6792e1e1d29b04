"""Generates the tables, the page of claims and README's tables from recorded rows."""
