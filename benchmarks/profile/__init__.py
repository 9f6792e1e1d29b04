"""Profiles a training step of AlexNet, and inference, layer by layer."""
