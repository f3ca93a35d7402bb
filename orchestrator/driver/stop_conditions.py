"""Looks on while a sweep runs: for a wish to leave, the end of its budget, and a full disk."""

from collections.abc import Callable
from contextlib import suppress

from orchestrator.driver.queue import Programme
from orchestrator.driver.signals import Departure, Left
from orchestrator.limits.full_disk import OutOfRoom, Shortage
from orchestrator.limits.ledger import Ledger
from trainers.job import Job


class SweepWatch:
    """What `orchestrator.running.scheduler.Watch` asks of it, for a sweep.

    `on_leave` is called once the programme has been left, and puts everything else in order: that
    much is done at once, since who asks a driver to leave may not wait for its gangs to end.
    """

    def __init__(
        self,
        programme: Programme,
        ledger: Ledger,
        departure: Departure,
        shortage: Shortage,
        *,
        say: Callable[[str], None],
        on_leave: Callable[[], None],
    ) -> None:
        self._programme = programme
        self._ledger = ledger
        self._departure = departure
        self._shortage = shortage
        self._say = say
        self._on_leave = on_leave
        self._told = False

    def look(self) -> bool:
        """Returns whether the budget is used up.

        Raises:
            Left: a wish to leave was seen.
            OutOfRoom: there has been no room on the disk for too long.
        """
        if self._departure.wished:
            self._leave()
            raise Left
        if (reason := self._shortage.over) is not None:
            self._leave()
            raise OutOfRoom(reason)
        limit = self._ledger.limit
        if limit is not None and not self._told:
            self._told = True
            self._say(f"{limit} is used up: what is running comes to its end, nothing new starts")
        return limit is not None

    def withdraw(self, job: Job) -> None:
        """Takes back a job that did not begin."""
        self._programme.withdraw(job)

    def lacks_room(self, job: Job, reason: str) -> None:
        """Takes in that a job waits for room on the disk, and why."""
        self._shortage.hear(reason, job.hash)

    def _leave(self) -> None:
        with suppress(OutOfRoom):  # what cannot be written down now is found when it goes on
            self._programme.leave()
        self._on_leave()
