"""What a training step spends its time on, layer by layer."""
