"""The benchmark's tasks in TensorFlow: this library, Keras's own layers, and single operations."""
