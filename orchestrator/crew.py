"""Who does the work of a job: a gang of ranks, as the settings want it."""

from pathlib import Path
from typing import Protocol

from cluster.gang import GangShape, News
from cluster.warm import Upkeep
from orchestrator.gang_settings import GangSettings
from trainers.order import Order


class Crew(Protocol):
    """Who does the work: a warm gang (`cluster.warm.WarmGang`)."""

    def has_room(self) -> bool:
        """Returns whether there is a place to work at, perhaps after a moment."""
        ...

    def begin(self, order: Order, shape: GangShape, upkeep: Upkeep) -> None:
        """Takes up a job."""
        ...

    def advance(self) -> News:
        """Returns what there is to say next."""
        ...

    def save(self, folder: Path) -> str:
        """Writes a checkpoint into `folder`; returns why it could not be written, or nothing."""
        ...

    def weigh(self) -> int:
        """Returns the resident memory of the largest rank."""
        ...

    def close(self) -> None:
        """Ends the ranks; the next job gets new ones."""
        ...


def shape_of(settings: GangSettings) -> GangShape:
    """Returns the gang's shape as the cluster floor knows it."""
    together = settings.ranks_per_node
    return GangShape(
        settings.ranks,
        settings.cpus_per_rank,
        settings.gpus_per_rank,
        strategy=settings.strategy if together is None else "STRICT_SPREAD",
        ranks_per_block=together or 1,
        interface=settings.interface,
    )


def upkeep_of(settings: GangSettings) -> Upkeep:
    """Returns when a gang is given up, as the cluster floor knows it."""
    return Upkeep(settings.recycle_after, settings.recycle_growth, settings.collective_timeout_s)
