"""What an objective is worth at a distance from its best: a curve that falls, through all trials.

The distance is |guide| (`evals.metric.Metric.guide`). An objective that moves in steps is flat
over many distances and then drops, and trials that tie say nothing of what lies between them and
the best. The curve is the least-squares fit among all that never rise with the distance (pool
adjacent violators), straight between trials, and nearer than the nearest of them rises as steeply
as the trials together say, at most to the best value that the objective can have.

Source: Barlow et al. 1972, Statistical Inference under Order Restrictions.
"""

from dataclasses import dataclass

import numpy as np

from orchestrator.searching.gaussian_process import Array


@dataclass(frozen=True, slots=True)
class Link:
    """The curve through (`distances_K`, `values_K`); nearer than the first `slope` counts."""

    distances_K: Array
    values_K: Array
    slope: float
    ceiling: float

    def at(self, distances: Array) -> Array:
        """Returns what the objective is worth at each distance."""
        inside = np.interp(distances, self.distances_K, self.values_K)
        nearer = self.values_K[0] + self.slope * (self.distances_K[0] - distances)
        found: Array = np.where(
            distances < self.distances_K[0], np.minimum(nearer, self.ceiling), inside
        )
        return found


def fitted(distances_N: Array, values_N: Array, *, ceiling: float) -> Link:
    """Returns the curve of trials; more is better, and `ceiling` (perhaps infinite) the most."""
    order = np.argsort(distances_N, kind="stable")
    distances, values = distances_N[order], _falling(values_N[order])
    return Link(distances, values, _slope(distances_N, values_N, ceiling), max(ceiling, values[0]))


def _slope(distances_N: Array, values_N: Array, ceiling: float) -> float:
    """Returns by how much the objective falls with the distance, as most of the trials see it."""
    if np.isfinite(ceiling):
        away = distances_N > 1e-9
        falls = (ceiling - values_N[away]) / distances_N[away]
        return float(np.median(falls)) if len(falls) else 0.0
    if np.ptp(distances_N) == 0:
        return 0.0
    return max(0.0, -float(np.polyfit(distances_N, values_N, 1)[0]))


def _falling(values_N: Array) -> Array:
    """Returns the nearest values that never rise, in least squares."""
    means, sizes = list[float](), list[int]()
    for value in values_N:
        means.append(float(value))
        sizes.append(1)
        while len(means) > 1 and means[-2] < means[-1]:
            mean, size = means.pop(), sizes.pop()
            total = sizes[-1] + size
            means[-1] = (means[-1] * sizes[-1] + mean * size) / total
            sizes[-1] = total
    return np.repeat(means, sizes)
