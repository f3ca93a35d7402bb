"""Finds room for the labels of points in a figure: pure geometry, in any one unit of length."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RINGS = (1.0, 1.3, 1.7, 2.4, 3.6, 5.0, 7.0, 10.0)
"""Distances between a point and its label that are tried, in label heights."""
NUM_DIRECTIONS = 16
RING_COST = 0.02
"""What a label height of distance costs, as a share of the label that would be covered."""
CROSSING_COST = 0.15
"""What it costs, in the same coin, that the way to a label leads past another point."""
LABEL_COST = 5.0
"""What it costs, in the same coin, to cover another label rather than something else."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, x: float, y: float, width: float, height: float) -> "Box":
        """Returns the box of that size with its centre at (x, y)."""
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def holds(self, other: "Box") -> bool:
        """Returns whether `other` lies inside."""
        return (
            self.left <= other.left
            and self.bottom <= other.bottom
            and other.right <= self.right
            and other.top <= self.top
        )

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """Returns the point of the box that is nearest to (x, y)."""
        return min(max(x, self.left), self.right), min(max(y, self.bottom), self.top)

    def overlap(self, other: "Box") -> float:
        """Returns the area of what both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    taken: Sequence[Box],
    bounds: Box,
) -> tuple[Box, ...]:
    """Returns a box for each point's label, of the size asked for, inside `bounds` if it can be.

    Each label in turn takes the place that covers least of `taken` and of the labels before it,
    and among such places one that is near its point, with none of the other points between.
    """
    placed: list[Box] = []
    edges = np.array([(b.left, b.bottom, b.right, b.top) for b in taken]).reshape(-1, 4)
    for i, (point, size) in enumerate(zip(points, sizes, strict=True)):
        others = [*points[:i], *points[i + 1 :]]
        options = list(_options(point, size))
        inside = [(ring, box) for ring, box in options if bounds.holds(box)] or options
        costs = [
            _covered(box, _touched(box, taken, edges))
            + LABEL_COST * _covered(box, placed)
            + CROSSING_COST * _passed(point, box, others)
            + RING_COST * ring
            for ring, box in inside
        ]
        placed.append(inside[costs.index(min(costs))][1])
    return tuple(placed)


def _options(point: tuple[float, float], size: tuple[float, float]) -> Iterator[tuple[float, Box]]:
    """Yields boxes around a point with their rings: from its right on, from the nearest ring on."""
    (x, y), (width, height) = point, size
    for ring in RINGS:
        for step in range(NUM_DIRECTIONS):
            angle = 2 * math.pi * step / NUM_DIRECTIONS
            across = math.cos(angle) * (ring * height + width / 2)
            up = math.sin(angle) * ring * height
            yield ring, Box.around(x + across, y + up, width, height)


def _touched(box: Box, others: Sequence[Box], edges: NDArray[np.float64]) -> list[Box]:
    """Returns the boxes, whose edges are known, that share an area with `box`."""
    left, bottom, right, top = edges.T
    across = (left < box.right) & (right > box.left)
    return [
        others[int(i)] for i in np.flatnonzero(across & (bottom < box.top) & (top > box.bottom))
    ]


def _covered(box: Box, others: Sequence[Box]) -> float:
    """Returns the area of the others that the box covers, as a share of its own."""
    area = (box.right - box.left) * (box.top - box.bottom)
    return sum(box.overlap(other) for other in others) / area


def _passed(point: tuple[float, float], box: Box, others: Sequence[tuple[float, float]]) -> int:
    """Returns how many of the other points lie nearly on the way from the point to the box."""
    end = box.nearest(*point)
    length = math.dist(point, end)
    if length == 0:
        return 0
    along_x, along_y = (end[0] - point[0]) / length, (end[1] - point[1]) / length
    near = (box.top - box.bottom) / 2
    num_passed = 0
    for x, y in others:
        along = (x - point[0]) * along_x + (y - point[1]) * along_y
        aside = (x - point[0]) * along_y - (y - point[1]) * along_x
        num_passed += 0 < along < length and abs(aside) < near
    return num_passed
