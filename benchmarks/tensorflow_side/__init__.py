"""TensorFlow contenders: this library, Keras's own layers, single operations."""
