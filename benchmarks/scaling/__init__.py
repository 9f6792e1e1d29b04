"""Many machines, computed from published rates."""
