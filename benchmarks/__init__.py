"""Speed and memory of this library, compared with PyTorch, Keras's own layers and the machine's limits.

Contenders take turns, so that changes of the machine's speed affect all of them equally.
"""
