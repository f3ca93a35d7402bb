"""The line between feasible and infeasible settings of a method, as far as its trials tell it.

The largest violation, as a share of its bound's size, is interpolated linearly over the Delaunay
triangles between the trials in (log lr, log L1), and the boundary is where it is 0. So it needs no
model, passes between neighbours of which one is feasible and the other is not, and says nothing
outside the trials' hull. Trials that were stopped early do not count: what they would have missed
in the end is not known.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from orchestrator.results.entry import Entry
from orchestrator.results.ranking import is_whole
from orchestrator.searching.constraints import Bound

MIN_TRIALS = 6
"""Measured trials below which no boundary is drawn: fewer leave triangles of any shape."""
MIN_EACH = 2
"""Feasible trials, and infeasible ones, that there must be at least."""
FLATTEST = 0.02
"""Smallest height of a triangle that counts, as a share of its longest side, each axis being as
long as the trials reach: in a flatter one the boundary's place is an accident."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of the boundary in (log10 lr, log10 L1), from `start` to `end`."""

    start: Place
    end: Place


@dataclass(frozen=True, slots=True)
class _Corner:
    """A trial: where it lies in logs, the same as shares of the axes, and what it misses."""

    at: Place
    share: Place
    missed: float


def boundary(trials: Sequence[Entry], bounds: Sequence[Bound]) -> tuple[Segment, ...]:
    """Returns the boundary of one method's trials; empty where they are too few to tell."""
    corners = list(_corners(trials, bounds))
    num_feasible = sum(corner.missed <= 0 for corner in corners)
    enough = min(num_feasible, len(corners) - num_feasible) >= MIN_EACH
    if len(corners) < MIN_TRIALS or not enough:
        return ()
    segments = (_crossing(triangle) for triangle in _triangles(corners))
    return tuple(segment for segment in segments if segment is not None)


def _corners(trials: Sequence[Entry], bounds: Sequence[Bound]) -> Iterator[_Corner]:
    placed: dict[Place, float] = {}
    for entry in trials:
        training = entry.result.job.training
        if is_whole(entry) and bounds and training.l1 > 0:
            violations = entry.violations or {}
            missed = max(bound.share(violations[bound.name]) for bound in bounds)
            placed[math.log10(training.lr), math.log10(training.l1)] = missed
    if not placed:
        return
    across, up = zip(*placed, strict=True)
    for (x, y), missed in placed.items():
        yield _Corner((x, y), (_share(x, across), _share(y, up)), missed)


def _share(value: float, values: Sequence[float]) -> float:
    low, high = min(values), max(values)
    return (value - low) / (high - low) if high > low else 0.0


def _triangles(corners: Sequence[_Corner]) -> Iterator[list[_Corner]]:
    """Yields the Delaunay triangles that are not too flat; none where all lie on one line."""
    from scipy.spatial import Delaunay, QhullError

    try:
        found = Delaunay([corner.share for corner in corners])
    except QhullError:
        return
    for simplex in found.simplices:
        triangle = [corners[i] for i in simplex]
        if _flatness(triangle) >= FLATTEST:
            yield triangle


def _flatness(triangle: Sequence[_Corner]) -> float:
    """Returns the height over the longest side, as a share of that side."""
    (ax, ay), (bx, by), (cx, cy) = (corner.share for corner in triangle)
    doubled = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))
    longest = max(math.dist(a.share, b.share) for a, b in combinations(triangle, 2))
    return doubled / longest**2


def _crossing(triangle: Sequence[_Corner]) -> Segment | None:
    """Returns where the interpolated violation is 0 within the triangle, if it is anywhere."""
    ends = []
    for first, second in combinations(triangle, 2):
        if (first.missed <= 0) == (second.missed <= 0):
            continue
        share = first.missed / (first.missed - second.missed)
        (ax, ay), (bx, by) = first.at, second.at
        ends.append((ax + share * (bx - ax), ay + share * (by - ay)))
    return Segment(ends[0], ends[1]) if len(ends) == 2 else None
