"""Who is forgotten, retained and held out, split by split."""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Roles:
    """Numbers of people; who is in none of these is enrolled only."""

    forget: tuple[int, ...]
    retain: tuple[int, ...]
    holdout: tuple[int, ...]


def drawn_roles(
    roles: Roles, *, num_retain: int, split: int, num_splits: int, rng: random.Random
) -> Roles:
    """Returns the roles in a split, of which `rng` draws who is retained, after CLEAR.

    `roles.retain` are those to draw from. In the second half of the splits who is to be forgotten
    and who is held out change places, so that models that were taught either can be compared
    (U-LIRA).
    """
    retain = tuple(_drawn(roles.retain, num_retain, rng))
    if split < num_splits // 2:
        return Roles(roles.forget, retain, roles.holdout)
    return Roles(roles.holdout, retain, roles.forget)


def _drawn(people: Sequence[int], count: int, rng: random.Random) -> list[int]:
    return [people[index] for index in sorted(rng.sample(range(len(people)), count))]
