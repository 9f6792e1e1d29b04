"""Speed and memory of this library, against PyTorch, Keras's own layers and the machine's limits.

`plan.py` lists what is measured against what. Each contender runs in a worker process of its framework
(`tensorflow_side/`, `pytorch_side/`). They take turns, so that a drift of the machine's speed affects all of
them alike. `report/` makes tables and the chart from the recorded rows.
"""
