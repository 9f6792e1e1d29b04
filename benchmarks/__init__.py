"""Speed and memory of this library, compared with PyTorch, Keras's own layers and the machine's limits.

`plan.py` lists the comparisons. Each contender runs in a worker process of its framework. Contenders take
turns, so that drift in the machine's speed affects all of them equally.
"""
