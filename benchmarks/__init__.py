"""Speed and memory of this library, compared with PyTorch, Keras's own layers and the machine's limits.

`plan.py` lists the comparisons. Each contender runs in a worker process of its framework. Contenders take
turns, so that changes of the machine's speed affect all of them equally.
"""
