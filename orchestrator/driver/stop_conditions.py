"""Looks on while a sweep runs for what ends it: a wish, its budget, a full disk, a lost cluster.

What people ask of it is obeyed here, too: nowhere else is a sweep looked at as often.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from cluster.connection_watch import ClusterLost
from orchestrator.driver.control import Control
from orchestrator.driver.progress import Progress
from orchestrator.driver.queue import Queue
from orchestrator.driver.signals import Interrupted, StopSignals
from orchestrator.limits.full_disk import DiskFullMonitor, OutOfRoom
from trainers.job import Job


@dataclass(frozen=True, slots=True)
class Ending:
    """What is done where a sweep ends before its time.

    `in_order` is called once the queue has been left, and puts everything else in order: that much
    is done at once, since who asks a driver to leave may not wait for its gangs to end. `at_once`
    is called with the reason where the process is ended next, from another thread.
    """

    in_order: Callable[[], None]
    at_once: Callable[[str], None]


class StopConditions:
    """What `orchestrator.running.scheduler.Monitor` asks of it, for a sweep."""

    def __init__(
        self,
        queue: Queue,
        control: Control,
        signals: StopSignals,
        full_disk: DiskFullMonitor,
        *,
        progress: Progress,
        ending: Ending,
    ) -> None:
        self._queue = queue
        self._control = control
        self._signals = signals
        self._full_disk = full_disk
        self._progress = progress
        self._ending = ending
        self._told = False

    def look(self) -> bool:
        """Returns whether nothing may start now: the budget is used up, or a person has said so.

        Raises:
            Interrupted: a wish to leave was seen.
            OutOfRoom: there has been no room on the disk for too long.
        """
        self.heed()
        if (reason := self._full_disk.over) is not None:
            self._leave()
            raise OutOfRoom(reason)
        limit = self._control.limit
        if limit is not None and not self._told:
            self._told = True
            self._progress.say(
                f"{limit} is used up: what is running comes to its end, nothing new starts"
            )
        return self._control.look() or limit is not None

    @property
    def paused(self) -> bool:
        """Whether a person has paused the sweep."""
        return self._control.paused

    def heed(self) -> None:
        """Does nothing, unless there is a wish to leave.

        Raises:
            Interrupted: there is one, and everything is in order now.
        """
        if self._signals.wished:
            self._leave()
            raise Interrupted

    def under_way(self) -> None:
        """Takes in that the first job is under way."""
        self._progress.under_way()

    def lacks_room(self, job: Job, reason: str) -> None:
        """Takes in that a job waits for room on the disk, and why."""
        self._full_disk.hear(reason, job.hash)

    def lost(self, reason: str) -> None:
        """Puts everything in order, since the cluster is gone.

        Raises:
            ClusterLost: always, with the reason.
        """
        self._leave()
        raise ClusterLost(reason)

    def stuck(self, reason: str) -> None:
        """Says what can still be said where nothing can be put in order."""
        self._ending.at_once(reason)

    def _leave(self) -> None:
        with suppress(OutOfRoom):  # what cannot be written down now is found when it goes on
            self._queue.leave()
        self._ending.in_order()
