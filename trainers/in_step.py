"""Work that takes long and says nothing: done piece by piece, with signs of life in between."""

import time
from collections.abc import Generator
from typing import TypeVar

from trainers.distributed import Place, means_over_ranks
from trainers.job import BEAT_S, Beat

T = TypeVar("T")
Work = Generator[None, None, T]
"""Yields after each piece, and returns what comes of all of them."""


def finished(work: Generator[object, None, T]) -> T:
    """Returns what comes of `work`, done at one go."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found


def in_step(work: Work[T], place: Place) -> Generator[Beat, None, T]:
    """Returns what comes of this rank's `work`; all ranks give Beats until the last has ended."""
    found: list[T] = []
    while True:
        if not found:
            found = _advanced(work)
        if not means_over_ranks([float(not found)], place)[0]:
            return found[0]
        yield Beat()


def _advanced(work: Work[T]) -> list[T]:
    """Works for about BEAT_S seconds and returns what comes of it, or nothing as yet."""
    until = time.perf_counter() + BEAT_S
    while time.perf_counter() < until:
        try:
            next(work)
        except StopIteration as end:
            return [end.value]
    return []
