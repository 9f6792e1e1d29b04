"""Contenders in TensorFlow: this library, Keras's own layers, single operations."""
