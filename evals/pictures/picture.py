"""A picture: its pixels, and what identifies it."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Rows x columns x 3 (red, green, blue)."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture in RGB, equal to any other with its pixels; these may lie in a mapped file.

    The pixels cannot be written to.
    """

    pixels: Pixels
    _digest: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        assert self.pixels.dtype == np.uint8, self.pixels.dtype
        assert self.pixels.ndim == 3, self.pixels.shape
        assert self.pixels.shape[2] == 3, self.pixels.shape
        held = self.pixels.view(np.ndarray)
        held.flags.writeable = False
        object.__setattr__(self, "pixels", held)

    def content(self) -> str:
        """Returns what a benchmark's fingerprint has of it: SHA-256 of size and pixels."""
        if not self._digest:
            height, width, _ = self.pixels.shape
            digest = hashlib.sha256(f"{height}x{width}:".encode())
            digest.update(np.ascontiguousarray(self.pixels).data)
            object.__setattr__(self, "_digest", digest.hexdigest())
        return self._digest

    def __eq__(self, other: object) -> bool:
        """Tells whether it is the same picture, wherever its pixels lie."""
        return isinstance(other, Picture) and self.content() == other.content()

    def __hash__(self) -> int:
        """Returns a hash of the content."""
        return hash(self.content())
