"""Surfaces whose objective moves in steps, as the p-value of a test on few items does.

A model is a shift of the truth ratios from gold's, in units of gold's spread, and some difference
in shape, which L1 decides:

    shift = ORIGINAL tanh((p - t) / width) before the peak p, growing with the other sign beyond it
    D = hypot(2 Phi(|shift| / 2) - 1, side), the distance between two normal distributions
    objective = ln p of the Kolmogorov-Smirnov test of n a side at the nearest n-th of D

t, retain and its floor are those of `search_surfaces`. Of n items D takes n + 1 values, and all of
the space where D is 1 has the original's objective to the last digit. The guide is what
`log_forget_quality` gives, asinh(shift), and it is 0 a little beside the best p-value.

Noise is of two kinds: that of a training under another seed, which each trial has anew, and the
floor's own, as a finalist's would be.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr
from search_surfaces import (
    KEPT,
    SHRINK,
    SPREAD,
    Measures,
    Shape,
    Surface,
    Values,
    log_p,
    optimum_anywhere,
)

from orchestrator.searching.constraints import Constraint

NAMES = ("stepped", "ties", "brink", "band", "dip")
ORIGINAL, NEARER = 6.0, 2.0
"""The original's shift: its ratios and gold's do not overlap, or do (`dip`)."""
BESIDE = 0.15
"""How far beside the best p-value the guide may be 0, at most."""
DIP_AT, DIP_WIDTH = 3.0, 1.5
"""How far before the peak the dip is, and how wide, in widths of the way to it."""
FLOOR_ERROR, GUIDE_ERROR = 0.008, 0.15
"""What retain and the guide of one setting differ by from seed to seed."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The numbers of such a surface beside those of its shape."""

    shape: Shape
    items: int
    beside: float
    original: float = ORIGINAL
    dip: float = 0.0
    """By which share of the original's shift a model that hardly forgets is farther from gold."""

    def shift(self, x: Values, y: Values) -> Values:
        """Returns the shift from gold's ratios; below 0 more was forgotten than gold never knew."""
        missing = (self.shape.peak - (x - SHRINK * y**4)) / self.shape.width
        before = np.tanh(missing) + self.dip * np.exp(-(((missing - DIP_AT) / DIP_WIDTH) ** 2))
        shift: Values = self.original * np.where(missing > 0, before, 1.5 * missing)
        return shift

    def measures(self, shift: Values, x: Values, y: Values) -> Measures:
        """Returns what a model with this shift at (x, y) measures, without noise on the floor."""
        side = self.shape.least + SPREAD * (y - self.shape.y1) ** 2
        apart = np.minimum(np.hypot(2 * ndtr(np.abs(shift) / 2) - 1, side), 1.0)
        steps = np.rint(apart * self.items).astype(int)
        guide = np.arcsinh(shift) + self.beside
        missed = self.shape.violations(x, y)
        return Measures(log_p(self.items)[steps], missed, guide)

    def truth(self, x: Values, y: Values) -> Measures:
        """Returns what is so at (x, y)."""
        return self.measures(self.shift(x, y), x, y)


def stepped(seed: int) -> Surface:
    """Twenty items: the floor lies a little on either side of the peak."""
    return _surface("stepped", seed, items=20, width=0.2)


def ties(seed: int) -> Surface:
    """Eight items, and gold's ratios are reached within a tenth of the range: all else is tied."""
    return _surface("ties", seed, items=8, width=0.1)


def brink(seed: int) -> Surface:
    """Twenty items, the optimum on the floor, and retain and guide seen through noise."""
    rng = np.random.default_rng([*b"brink", seed])
    steps = _steps(rng, items=20, width=0.25, floor=-rng.uniform(0.0, 0.03))
    plain = _made(steps)

    def observed(x: float, y: float, number: int) -> Measures:
        dice = np.random.default_rng([seed, number])
        place = np.float64(x), np.float64(y)
        # A shift's noise is the guide's: asinh has the slope 1 / sqrt(1 + shift^2).
        shift = steps.shift(*place)
        shift = np.sinh(np.arcsinh(shift) + dice.normal(0.0, GUIDE_ERROR))
        found = steps.measures(shift, *place)
        missed = {n: v + dice.normal(0.0, FLOOR_ERROR) for n, v in found.violations.items()}
        return replace(found, violations=missed, floor_error=FLOOR_ERROR, guide_error=GUIDE_ERROR)

    return replace(plain, observed=observed)


def band(seed: int) -> Surface:
    """Twenty items, and a learning rate that is a little off moves nothing, or breaks the floor."""
    rng = np.random.default_rng([*b"band", seed])
    return _made(_steps(rng, items=20, width=0.04, floor=rng.uniform(-0.02, 0.05), fall=0.02))


def dip(seed: int) -> Surface:
    """Forty items, and who hardly forgets is a little worse than the original, as on real data."""
    rng = np.random.default_rng([*b"dip", seed])
    steps = _steps(rng, items=40, width=0.06, floor=rng.uniform(-0.03, 0.1))
    return _made(replace(steps, original=NEARER, dip=0.08))


def _surface(name: str, seed: int, *, items: int, width: float) -> Surface:
    rng = np.random.default_rng([*name.encode(), seed])
    return _made(_steps(rng, items=items, width=width, floor=rng.uniform(-0.03, 0.1)))


def _steps(
    rng: np.random.Generator, *, items: int, width: float, floor: float, fall: float = 0.05
) -> Steps:
    peak, y1 = optimum_anywhere(rng)
    shape = Shape(y1=y1, peak=peak, floor=peak + floor, least=0.05, width=width, fall=fall)
    return Steps(shape, items, rng.uniform(-BESIDE, BESIDE))


def _made(steps: Steps) -> Surface:
    x, y = (np.float64(share) for share in steps.shape.optimum)
    best = float(steps.truth(x, y).objective)
    original = float(steps.truth(np.float64(-10.0), y).objective)
    constraints = {"retain": Constraint(at_least=KEPT)}
    return Surface(steps.truth, best, constraints, original, steps.shape.optimum)
