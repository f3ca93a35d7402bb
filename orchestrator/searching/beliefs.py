"""What is believed of trials that were measured once: how they would do under another seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.searching.acquisition import bounds_of, objective_of
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import Space
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube
from orchestrator.searching.view import seen_by_process


@dataclass(frozen=True, slots=True)
class Belief:
    """How likely a setting keeps every bound once more, and its objective; more is better.

    The objective is on the scale that the study is told (`objective_scale`).
    """

    chance: float
    value: float


def beliefs(tried: Sequence[Tried], settings: SearchSettings, space: Space) -> dict[int, Belief]:
    """Returns what all that was tried says of each of the study's own trials that was measured."""
    own = {t.number: t for t in tried if t.ending is Ending.MEASURED and t.number is not None}
    if not own:
        return {}
    cube = Cube(space)
    seen = seen_by_process(tried, settings, cube)
    places = cube.places([trial.params for trial in own.values()])
    values = objective_of(seen, cube.is_choice_D).mean(places)
    chances = np.ones(len(places))
    for bound in bounds_of(seen, cube.is_choice_D):
        chances *= bound.chance(places)
    pairs = zip(chances.tolist(), values.tolist(), strict=True)
    return {number: Belief(*pair) for number, pair in zip(own, pairs, strict=True)}


def in_order(
    numbers: Sequence[int], found: Mapping[int, Belief], *, probability: float
) -> list[int]:
    """Returns trials in the order in which they are worth replicating.

    First those that keep every bound once more with that probability, by what their objective is
    believed to be; then the others, the likeliest to keep them first. Equals stay in their order.
    """
    sure = [number for number in numbers if found[number].chance >= probability]
    rest = [number for number in numbers if found[number].chance < probability]
    sure.sort(key=lambda number: -found[number].value)
    rest.sort(key=lambda number: -found[number].chance)
    return [*sure, *rest]
