"""Contenders in TensorFlow: ours, Keras's own layers, raw operations."""
