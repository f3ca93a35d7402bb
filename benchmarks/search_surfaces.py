"""Surfaces over learning rate and L1 of which the best feasible setting is known.

x and y are the shares (0 to 1) of the way through both ranges, on their log scales: three decades
of learning rate and five of L1. The analytic surfaces are one family, shaped as unlearning is:

    t = x - SHRINK y^4                  how far training goes; a large L1 holds it back
    z = t + DAMAGE (y - y1)^2           what it does to retain; some L1 spares it most
    retain = RETAIN / (1 + exp((z - c) / w))
    D = the distance from the gold model's truth ratios: the original's at first, least at t = p,
        growing again beyond that, towards 1; + SPREAD (y - y1)^2
    objective = -2 n D^2, about ln p of a Kolmogorov-Smirnov test (on `heavy` ln p itself)

Feasible is retain >= 0.9 RETAIN, that is z <= T. D and z both grow with |y - y1|, and D falls up to
t = p. So the optimum lies at y = y1 and t = min(T, p), whatever the numbers are. Where it lies is
drawn from the seed: in the middle half or so of both ranges, as of a person who has some idea, or
`anywhere` from EDGE to 1 - EDGE, so that no point in there has more luck than another.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evals.text.forget_quality import log_ks_pvalue
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.space import SearchRange

Array = NDArray[np.float64]
Values = Array | np.float64
"""What is so at many points, or at one of them."""

SPACE = {"lr": SearchRange(low=1e-5, high=1e-2), "l1": SearchRange(low=1e-5, high=1.0)}
RETAIN, FORGET, KEPT = 0.75, 0.6, 0.9
SHRINK, DAMAGE, SPREAD = 0.5, 0.5, 0.2
EDGE = 0.1
ITEMS = 300
"""Items a side in the published test."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The objective, by how much each bound is missed (0 or less keeps it), and the guide, if any.

    The errors are standard errors that are known of what is measured.
    """

    objective: Values
    violations: Mapping[str, Values]
    guide: Values | None = None
    floor_error: float = 0.0
    guide_error: float = 0.0

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Where every bound is kept."""
        kept: NDArray[np.bool_] = np.all([of <= 0 for of in self.violations.values()], axis=0)
        return kept


@dataclass(frozen=True, slots=True)
class Surface:
    """What is measured at (x, y), and the feasible optimum."""

    truth: Callable[[Values, Values], Measures]
    best: float
    constraints: dict[str, Constraint]
    original: float
    """The objective of the model before unlearning."""
    where: tuple[float, float] | None = None
    observed: Callable[[float, float, int], Measures] | None = None
    """What trial number so-and-so sees there, if that is not the truth."""

    def gap(self, objective: Values) -> Values:
        """Returns the share of what could be gained over the original that is still missing."""
        return (self.best - objective) / (self.best - self.original)

    def within(self, share: float, found: Measures) -> NDArray[np.bool_]:
        """Returns where bounds are kept and all but `share` of the gain is made."""
        return found.feasible & (self.gap(found.objective) <= share)

    def see(self, x: float, y: float, number: int) -> Measures:
        """Returns what trial `number` measures at (x, y)."""
        if self.observed is not None:
            return self.observed(x, y, number)
        return self.truth(np.float64(x), np.float64(y))


def share_of(value: float, name: str) -> float:
    """Returns the share of the way through the range of `name` on its scale."""
    low, high = (math.log(end) for end in (SPACE[name].low, SPACE[name].high))
    return (math.log(value) - low) / (high - low)


def lattice(num: int) -> tuple[Array, Array]:
    """Returns x and y of num x num points that share the space out evenly, edges left out."""
    axis = (np.arange(num) + 0.5) / num
    x, y = np.meshgrid(axis, axis)
    return x, y


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of an analytic surface; see the module's docstring."""

    y1: float
    peak: float
    floor: float
    """T: the strength at which retain meets its floor."""
    items: float = 40.0
    """n: the effective number of items of the test, n1 n2 / (n1 + n2)."""
    start: float = 0.7
    """The original's shift, nearly its D."""
    beyond: float = 1.0
    """How much faster the shift grows after the peak than it fell before."""
    least: float = 0.15
    """D at the peak, y = y1."""
    width: float = 0.12
    """How much of x it takes to forget."""
    fall: float = 0.05
    """w: how much of x it takes to lose retain."""
    ceiling: float | None = None
    """The strength at which forget meets its ceiling, if it has one."""

    @property
    def optimum(self) -> tuple[float, float]:
        """Where the best feasible setting lies."""
        return min(self.floor, self.peak) + SHRINK * self.y1**4, self.y1

    def distance(self, x: Values, y: Values) -> Values:
        """Returns D.

        The shift of the truth ratios is start x tanh of the strength that is missing to the peak:
        the original's far before it, 0 there, and of the other sign, down to -1, beyond it.
        """
        missing = (self.peak - (x - SHRINK * y**4)) / (2 * self.width)
        shift = np.where(
            missing > 0, self.start * np.tanh(missing), np.tanh(self.beyond * self.start * missing)
        )
        side = self.least + SPREAD * (y - self.y1) ** 2
        return np.minimum(np.hypot(shift, side), 1.0)

    def violations(self, x: Values, y: Values) -> dict[str, Values]:
        """Returns by how much retain is below its floor and forget above its ceiling, if any."""
        strength = x - SHRINK * y**4
        harm = strength + DAMAGE * (y - self.y1) ** 2
        middle = self.floor + self.fall * math.log(KEPT / (1 - KEPT))
        retain = RETAIN / (1 + np.exp((harm - middle) / self.fall))
        found: dict[str, Values] = {"retain.at_least": KEPT * RETAIN - retain}
        if self.ceiling is not None:
            forget = FORGET / (1 + np.exp((strength - self.ceiling) / self.fall))
            found["forget.at_most"] = forget - FORGET / 2
        return found


def easy(seed: int, *, anywhere: bool = False) -> Surface:
    """An optimum well inside the feasible part: the floor is no matter there."""
    rng = seeded("easy", seed)
    peak, y1 = _place(rng, 0.35, 0.6, anywhere=anywhere)
    return _smooth(Shape(y1=y1, peak=peak, floor=peak + 0.15, width=0.15))


def floor(seed: int, *, anywhere: bool = False) -> Surface:
    """Forgetting goes on beyond the floor, so that the optimum sits on it."""
    rng = seeded("floor", seed)
    edge, y1 = _place(rng, 0.4, 0.65, anywhere=anywhere)
    return _smooth(Shape(y1=y1, peak=edge + 0.2, floor=edge, width=0.2))


def narrow(seed: int, *, anywhere: bool = False) -> Surface:
    """A ceiling on forget besides, which leaves a sliver of the space feasible."""
    rng = seeded("narrow", seed)
    edge, y1 = _place(rng, 0.4, 0.65, anywhere=anywhere)
    return _smooth(Shape(y1=y1, peak=edge + 0.1, floor=edge, width=0.2, ceiling=edge - 0.06))


def noisy(seed: int, *, anywhere: bool = False) -> Surface:
    """The easy kind, seen through the noise of a test on few items and of a small retain set."""
    rng = seeded("noisy", seed)
    peak, y1 = _place(rng, 0.35, 0.6, anywhere=anywhere)
    shape = Shape(y1=y1, peak=peak, floor=peak + 0.15, width=0.15)
    plain = _smooth(shape)

    def observed(x: float, y: float, number: int) -> Measures:
        dice = np.random.default_rng([seed, number])
        distance = shape.distance(np.float64(x), np.float64(y)) + dice.normal(0.0, 0.04)
        missed = shape.violations(np.float64(x), np.float64(y))
        noise = {name: of + dice.normal(0.0, 0.01) for name, of in missed.items()}
        return Measures(-2 * shape.items * distance**2, noise)

    return replace(plain, observed=observed)


def heavy(seed: int, *, anywhere: bool = False) -> Surface:
    """Ln p of a test on 400 items a side as it is: 0 to -400, and a D of whole 400ths."""
    rng = seeded("heavy", seed)
    peak, y1 = _place(rng, 0.4, 0.6, anywhere=anywhere)
    shape = Shape(
        y1=y1,
        peak=peak,
        floor=peak + rng.uniform(-0.06, 0.06),
        items=ITEMS / 2,
        start=0.45,
        beyond=2.0,
        least=0.06,
        width=0.12,
    )

    def truth(x: Values, y: Values) -> Measures:
        steps = np.rint(shape.distance(x, y) * ITEMS).astype(int)
        return Measures(log_p(ITEMS)[steps], shape.violations(x, y))

    return _surface(shape, truth)


@cache
def log_p(items: int) -> Array:
    """Returns ln p of the Kolmogorov-Smirnov test of `items` a side at D = 0, 1 / items, ... 1."""
    ordered = np.arange(items, dtype=float)
    # Shifted by so many and a half less, that many lie below all of the other.
    shifts = np.maximum(np.arange(items + 1) - 0.5, 0.0)
    return np.array([log_ks_pvalue(ordered, ordered + shift) for shift in shifts])


def seeded(name: str, seed: int) -> np.random.Generator:
    """Returns the dice of the surface `name` for a seed."""
    return np.random.default_rng([*name.encode(), seed])


def _place(
    rng: np.random.Generator, low: float, high: float, *, anywhere: bool
) -> tuple[float, float]:
    """Returns the strength and y1 of an optimum: near the middle, or anywhere in the space."""
    if not anywhere:
        return rng.uniform(low, high), rng.uniform(0.3, 0.7)
    return optimum_anywhere(rng)


def optimum_anywhere(rng: np.random.Generator) -> tuple[float, float]:
    """Returns the strength and y1 of an optimum anywhere but at the edge."""
    x, y1 = rng.uniform(EDGE, 1 - EDGE, 2)
    return x - SHRINK * y1**4, y1


def _surface(shape: Shape, truth: Callable[[Values, Values], Measures]) -> Surface:
    x, y = (np.float64(share) for share in shape.optimum)
    best = float(truth(x, y).objective)
    # At next to no learning rate, and the L1 that spares most, nothing has changed.
    original = float(truth(np.float64(-10.0), y).objective)
    constraints = {"retain": Constraint(at_least=KEPT)}
    if shape.ceiling is not None:
        constraints["forget"] = Constraint(at_most=0.5)
    return Surface(truth, best, constraints, original, shape.optimum)


def _smooth(shape: Shape) -> Surface:
    """Returns the surface with ln p = -2 n D^2."""

    def truth(x: Values, y: Values) -> Measures:
        return Measures(-2 * shape.items * shape.distance(x, y) ** 2, shape.violations(x, y))

    return _surface(shape, truth)
