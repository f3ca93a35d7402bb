"""Rows of tokens that are wanted again, as a gang scores the same ones after every trial."""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

KEPT_TOKENS = 1 << 22
"""All of a benchmark, as a rule, in some ten megabytes."""


class KeptRows:
    """What was encoded, by the texts that it was encoded of, as long as there is room."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], Any] = {}
        self._left = KEPT_TOKENS

    def find(self, texts: tuple[str, ...], encode: Callable[..., T], size: Callable[[T], int]) -> T:
        """Returns `encode(*texts)`, which has `size` tokens, or what it was before."""
        if texts in self._kept:
            kept: T = self._kept[texts]
            return kept
        found = encode(*texts)
        if size(found) <= self._left:
            self._kept[texts] = found
            self._left -= size(found)
        return found
