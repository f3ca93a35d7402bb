"""A picture: its pixels, and what identifies it."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Rows x columns x 3 (red, green, blue)."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture in RGB; its pixels may lie in a file that is mapped into memory."""

    pixels: Pixels

    def __post_init__(self) -> None:
        assert self.pixels.dtype == np.uint8, self.pixels.dtype
        assert self.pixels.ndim == 3, self.pixels.shape
        assert self.pixels.shape[2] == 3, self.pixels.shape

    def content(self) -> str:
        """Returns what a benchmark's fingerprint has of it: SHA-256 of size and pixels."""
        height, width, _ = self.pixels.shape
        digest = hashlib.sha256(f"{height}x{width}:".encode())
        digest.update(np.ascontiguousarray(self.pixels).data)
        return digest.hexdigest()
