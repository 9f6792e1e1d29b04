"""Result files: their columns, reading and writing."""
