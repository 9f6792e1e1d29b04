"""Profiles training steps and inference of AlexNet by layer, and input pipelines by stage."""
