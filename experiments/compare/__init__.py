"""Two results side by side, or one and the paper."""
