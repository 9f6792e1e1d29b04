"""The time of a training step of AlexNet, layer by layer."""
