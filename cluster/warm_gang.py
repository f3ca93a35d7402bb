"""A gang that is formed when first needed, and anew when it was lost or has grown old or large."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ray.util import get_current_placement_group

from cluster.gang import ROOM_S, Gang, GangShape, News
from trainers.rank_task import RankTask


@dataclass(frozen=True, slots=True)
class Upkeep:
    """When a gang is given up: after `recycle_after` jobs, when a rank's resident memory exceeds
    what it was after the first job by the share `recycle_growth`, or when a rank has been silent
    for `timeout_s`.
    """

    recycle_after: int
    recycle_growth: float
    timeout_s: float


class WarmGang:
    """Keeps one gang warm between jobs. `rank_type` is as for `Gang.form`."""

    def __init__(self, rank_type: Callable[..., object] | None = None) -> None:
        self._rank_type = rank_type
        self._gang: Gang | None = None
        self._num_jobs = 0
        self._first_bytes: list[int] = []
        self._bytes: list[int] = []

    def has_room(self) -> bool:
        """Returns whether there are nodes for the gang, waiting a little for them.

        Ray looks for others by itself when some are lost, and takes those that join.
        """
        group = get_current_placement_group() if self._gang is None else None
        return group is None or bool(group.wait(ROOM_S))

    def begin(self, task: RankTask, shape: GangShape, upkeep: Upkeep) -> None:
        """Gives the gang its next job."""
        if self._is_worn(upkeep):
            self.close()
        if self._gang is None:
            group = get_current_placement_group()
            self._gang = Gang.form(
                shape, group, timeout_s=upkeep.timeout_s, rank_type=self._rank_type
            )
        self._gang.start(task)
        self._num_jobs += 1

    def advance(self) -> News:
        """Returns what the gang has to say next."""
        assert self._gang is not None
        return self._gang.advance()

    def save(self, folder: Path) -> str:
        """Has a checkpoint written into `folder`; returns why it could not be, or nothing."""
        return "" if self._gang is None else self._gang.save(folder)

    def weigh(self) -> int:
        """Returns the resident memory of the largest rank, to be asked after each job."""
        assert self._gang is not None
        self._bytes = self._gang.memory_bytes()
        self._first_bytes = self._first_bytes or self._bytes
        return max(self._bytes)

    def close(self) -> None:
        """Ends the gang's processes; the next job gets new ones."""
        if self._gang is not None:
            self._gang.close()
        self._gang = None
        self._num_jobs = 0
        self._first_bytes = self._bytes = []

    def _is_worn(self, upkeep: Upkeep) -> bool:
        pairs = zip(self._bytes, self._first_bytes, strict=True)
        grown = any(now > first * (1 + upkeep.recycle_growth) for now, first in pairs)
        return grown or self._num_jobs >= upkeep.recycle_after
