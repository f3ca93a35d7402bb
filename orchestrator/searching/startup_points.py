"""The first points of a search: the middle of the space, then points spread evenly around it.

A range is written around what its author expects, so its middle is the best first guess, and what
it measures says on which side to go on. Few points drawn at random would leave gaps, so the others
are a centred Latin hypercube: of n points each parameter takes the middle of each n-th of its range
(on its scale) exactly once. Source: McKay, Beckman and Conover 1979, Technometrics 21(2).
"""

from orchestrator.searching.space import Space, Value, active_part


def spread(space: Space, num_points: int, *, seed: int) -> tuple[dict[str, Value], ...]:
    """Returns `num_points` points; the seed decides how the parameters' values are paired.

    What a point's other values leave without effect is not in it.
    """
    names = sorted(space)
    # An even number of parts, so that no other point has the middle of any range.
    around = _hypercube(len(names), num_points // 2 * 2, seed=seed)
    units = [[0.5] * len(names), *around][:num_points]
    return tuple(_point(space, dict(zip(names, row, strict=True))) for row in units)


def _hypercube(num_parameters: int, num_points: int, *, seed: int) -> list[list[float]]:
    from scipy.stats import qmc

    if num_points == 0:
        return []
    made = qmc.LatinHypercube(
        num_parameters,
        scramble=False,
        optimization="random-cd" if num_parameters > 1 else None,
        rng=seed,
    )
    rows: list[list[float]] = made.random(num_points).tolist()
    return rows


def _point(space: Space, units: dict[str, float]) -> dict[str, Value]:
    return active_part(space, {name: space[name].at(unit) for name, unit in units.items()})
