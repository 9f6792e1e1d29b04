"""TensorFlow contenders: this library, Keras's own layers, and single operations."""
