"""Who does the work of a job: a gang of ranks, as the settings want it."""

from pathlib import Path
from typing import Protocol

from cluster.gang import GangShape, News
from cluster.warm_gang import Upkeep
from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from trainers.job import Phase
from trainers.memory.fallback import Execution
from trainers.rank_task import RankTask


class Workers(Protocol):
    """Who does the work: a warm gang (`cluster.warm_gang.WarmGang`)."""

    def has_room(self) -> bool:
        """Returns whether there is a place to work at, perhaps after a moment."""
        ...

    def begin(self, task: RankTask, shape: GangShape, upkeep: Upkeep) -> None:
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


class Experience:
    """How jobs had to be run for want of memory; the next ones of their kind start there."""

    def __init__(self) -> None:
        self._found: dict[tuple[bool, Execution], Execution] = {}

    def execution(self, ticket: Ticket) -> Execution:
        """Returns how the ticket's job is run at first."""
        asked = Execution.of(ticket.job)
        return self._found.get(_kind(ticket, asked), asked)

    def learn(self, ticket: Ticket, execution: Execution) -> None:
        """Remembers that the ticket's job needed `execution`."""
        self._found[_kind(ticket, Execution.of(ticket.job))] = execution


def _kind(ticket: Ticket, asked: Execution) -> tuple[bool, Execution]:
    return ticket.job.phase == Phase.TRIAL, asked
