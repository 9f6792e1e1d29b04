"""Speed and memory of this library, compared with PyTorch, Keras's own layers and the machine's limits.

`plan.py` lists the comparisons. Each contender runs in a worker process of its framework
(`tensorflow_side/`, `pytorch_side/`). Contenders take turns, so that drift in the machine's speed affects
all of them equally. `report/` makes tables and the chart from the recorded rows.
"""
