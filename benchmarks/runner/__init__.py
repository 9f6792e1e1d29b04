"""The measuring: processes of their own, asked in turns."""
