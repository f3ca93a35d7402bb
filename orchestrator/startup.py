"""The first points of a search: spread over the space, since so few drawn at random leave gaps.

A centred Latin hypercube: of n points each parameter takes the middle of each n-th of its range
(on its scale) exactly once. Source: McKay, Beckman and Conover 1979, Technometrics 21(2).
"""

from orchestrator.searching.space import Space, Value, active_part


def spread(space: Space, num_points: int, *, seed: int) -> tuple[dict[str, Value], ...]:
    """Returns `num_points` points; the seed decides how the parameters' middles are paired.

    What a point's other values leave without effect is not in it.
    """
    from scipy.stats import qmc

    names = sorted(space)
    hypercube = qmc.LatinHypercube(
        len(names), scramble=False, optimization="random-cd" if len(names) > 1 else None, rng=seed
    )
    units = hypercube.random(num_points)
    return tuple(
        active_part(
            space, {n: space[n].at(float(unit)) for n, unit in zip(names, row, strict=True)}
        )
        for row in units
    )
