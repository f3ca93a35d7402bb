"""How often Python looks for garbage in a process that grows by thousands of modules.

It looks through all that it has whenever that has grown by a quarter. While a rank or a program
starts, nothing of it is garbage, and the looking takes a third of the time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (100_000, 5, 5)
"""Python's thresholds while it seldom looks; without any they are (700, 10, 10)."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Has Python look for garbage seldom meanwhile: for a program, which holds no tensors long.

    What is there by the end is never looked at again: Python would take all modules apart when the
    process ends, which takes seconds.
    """
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*before)


@contextmanager
def uncollected() -> Iterator[None]:
    """Has Python look for garbage not at all meanwhile, and never in what is there by the end.

    For the imports of a process that trains, which looks as often as ever from then on.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
