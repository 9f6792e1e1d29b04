"""Compares the recorded rows of two folders with each other, or those of one folder with the paper."""
