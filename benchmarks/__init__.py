"""How fast this is: against PyTorch, against Keras's own layers, and against the machine's limits.

`plan.py` says what is measured against what. Every contender runs in a worker process of its framework
(`tensorflow_side/`, `pytorch_side/`); the workers take turns, so that a machine whose speed drifts is as
unkind to one as to the other. `report.py` makes tables and the chart from the recorded rows.
"""
