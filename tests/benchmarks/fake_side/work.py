"""Tasks that behave, fail, die or hang."""

import os
import time

from benchmarks.task import Task


def good(amount):
    print("what a library prints on standard output is no answer")
    return Task(lambda: None, amount, gflop=2.0 * amount)


def failing():
    raise ValueError("no such kernel\nand a second line")


def dying():
    return Task(lambda: os._exit(7), 1)


def hanging():
    return Task(lambda: time.sleep(60), 1)
