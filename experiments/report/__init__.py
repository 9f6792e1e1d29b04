"""Generates the tables, figures, claims.md, HTML page and README's tables from recorded rows."""
