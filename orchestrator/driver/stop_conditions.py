"""Looks on while a sweep runs: for a wish to leave, the end of its budget, and a full disk."""

from collections.abc import Callable
from contextlib import suppress

from orchestrator.driver.queue import Queue
from orchestrator.driver.signals import Interrupted, StopSignals
from orchestrator.limits.full_disk import OutOfRoom, Shortage
from orchestrator.limits.ledger import Ledger
from trainers.job import Job


class StopConditions:
    """What `orchestrator.running.scheduler.Monitor` asks of it, for a sweep.

    `on_leave` is called once the queue has been left, and puts everything else in order: that
    much is done at once, since who asks a driver to leave may not wait for its gangs to end.
    """

    def __init__(
        self,
        queue: Queue,
        ledger: Ledger,
        signals: StopSignals,
        shortage: Shortage,
        *,
        say: Callable[[str], None],
        on_leave: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._ledger = ledger
        self._signals = signals
        self._shortage = shortage
        self._say = say
        self._on_leave = on_leave
        self._told = False

    def look(self) -> bool:
        """Returns whether the budget is used up.

        Raises:
            Interrupted: a wish to leave was seen.
            OutOfRoom: there has been no room on the disk for too long.
        """
        self.heed()
        if (reason := self._shortage.over) is not None:
            self._leave()
            raise OutOfRoom(reason)
        limit = self._ledger.limit
        if limit is not None and not self._told:
            self._told = True
            self._say(f"{limit} is used up: what is running comes to its end, nothing new starts")
        return limit is not None

    def heed(self) -> None:
        """Does nothing, unless there is a wish to leave.

        Raises:
            Interrupted: there is one, and everything is in order now.
        """
        if self._signals.wished:
            self._leave()
            raise Interrupted

    def lacks_room(self, job: Job, reason: str) -> None:
        """Takes in that a job waits for room on the disk, and why."""
        self._shortage.hear(reason, job.hash)

    def _leave(self) -> None:
        with suppress(OutOfRoom):  # what cannot be written down now is found when it goes on
            self._queue.leave()
        self._on_leave()
