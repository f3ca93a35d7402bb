"""Where a rank stands among the ranks of its gang, and what the ranks tell each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Rank `rank` of `world`, computing on `device`; a process group exists if world > 1."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"


def mean_over_ranks(value: torch.Tensor, place: Place) -> float:
    """Returns the mean of a scalar over all ranks; NaN on one rank is NaN on every rank."""
    return means_over_ranks([value], place)[0]


def means_over_ranks(values: Sequence[torch.Tensor | float], place: Place) -> list[float]:
    """Returns the mean of each scalar over all ranks, which talk only once for all of them."""
    totals = torch.stack([torch.as_tensor(v, device=place.device).detach().float() for v in values])
    if place.world > 1:
        dist.all_reduce(totals)
    return [total / place.world for total in totals.tolist()]


def gather(value: T, place: Place) -> Sequence[T]:
    """Returns every rank's value, in rank order, on every rank."""
    if place.world == 1:
        return [value]
    parts: list[Any] = [None] * place.world
    dist.all_gather_object(parts, value)
    return parts
