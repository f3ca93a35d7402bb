"""A fixed grid over a space, in an order that does not depend on what is measured."""

import itertools
import random
from collections.abc import Mapping

from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import SearchRange, Space, Value, active_part, typed


def planned_grid(
    space: Space, search: SearchSettings, *, seed: int
) -> tuple[dict[str, Value], ...]:
    """Returns the grid that a method's search goes through after its first points."""
    first = [typed(space, point) for point in search.first]
    budget = search.trials - len(first)
    found = grid(space, seed=seed, num_points=search.grid_points, budget=budget)
    return tuple(point for point in found if point not in first)


def num_trials(space: Space, search: SearchSettings) -> int:
    """Returns how many trials a method's search makes: its budget, or fewer if a grid is smaller.

    `search` holds the method's own first points, too.
    """
    if search.sampler != "grid":
        return search.trials
    return len(search.first) + len(planned_grid(space, search, seed=0))


def grid(
    space: Space, *, seed: int, num_points: int | None, budget: int
) -> tuple[dict[str, Value], ...]:
    """Returns the points of the grid, shuffled by `seed` alone.

    Every range is cut evenly on its scale, both ends included, into `num_points` values; a whole
    number has no more than there are. Choices are all taken. With None the ranges get as many
    values as keep the grid within `budget`, as equal in number as that allows.

    A shuffled order is fair to whoever stops early: no corner of the space waits for the end.
    """
    counts = {name: num_points or 1 for name in space if isinstance(space[name], SearchRange)}
    if num_points is None:
        counts = _widest(space, counts, budget=budget)
    points = list(_product(space, counts))
    random.Random(seed).shuffle(points)
    return tuple(points)


def grid_size(space: Space, num_points: int | None) -> int:
    """Returns how many points the grid has, at the least where `num_points` is None."""
    counts = {name: num_points or 1 for name in space if isinstance(space[name], SearchRange)}
    return len(_product(space, counts))


def _widest(space: Space, counts: Mapping[str, int], *, budget: int) -> dict[str, int]:
    """Returns the counts grown one by one, the smallest first, while the grid fits the budget."""
    found = dict(counts)
    while True:
        for name in sorted(found, key=lambda name: found[name]):
            more = {**found, name: found[name] + 1}
            if len(_product(space, found)) < len(_product(space, more)) <= budget:
                found = more
                break
        else:
            return found


def _product(space: Space, counts: Mapping[str, int]) -> list[dict[str, Value]]:
    """Returns all combinations, once each where a condition makes some of them equal."""
    values = [_values(space, name, counts.get(name, 0)) for name in space]
    combined = (
        active_part(space, dict(zip(space, row, strict=True))) for row in itertools.product(*values)
    )
    return list({tuple(sorted(point.items())): point for point in combined}.values())


def _values(space: Space, name: str, count: int) -> list[Value]:
    searched = space[name]
    if not isinstance(searched, SearchRange):
        return list(searched.choices)
    units = [0.5] if count == 1 else [i / (count - 1) for i in range(count)]
    return list(dict.fromkeys(searched.at(unit) for unit in units))
