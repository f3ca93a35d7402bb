"""What a job finds in storage: the model that it starts from, and the scores it is held against."""

import logging
from pathlib import Path

from evals.errors import ConfigError
from evals.scores import ScoreSheet
from orchestrator.jobs.ticket import Ticket
from orchestrator.storage.records import Storage

LOG = logging.getLogger(__name__)


class JobInputs:
    """What a ticket refers to; scores are read once, before there is anything to hold against them.

    What has been trained for hours is not lost then for a file that has changed meanwhile. `gold`
    and `original` are None where there are no such scores. The original's say no more than how sure
    a trial is of its bounds, so that it goes on without them where they cannot be read.
    """

    gold: ScoreSheet | None = None
    original: ScoreSheet | None = None

    def __init__(self, ticket: Ticket, storage: Storage) -> None:
        self._ticket = ticket
        self._storage = storage
        self._are_read = False

    def lacking(self) -> str:
        """Says what is not there, as it has failed just before perhaps, or is not as written.

        Nothing where all is well; then all scores are read.
        """
        ticket = self._ticket
        if ticket.base is not None and not Path(ticket.base).is_dir():
            return f"the model that it starts from is not there ({ticket.base})"
        if not self._are_read:
            if ticket.gold is not None and not self._storage.has_sheet(ticket.gold):
                return f"the gold model that it is compared with has no scores (job {ticket.gold})"
            try:
                self._read()
            except ConfigError as error:
                return str(error)
        return ""

    def _read(self) -> None:
        ticket, storage = self._ticket, self._storage
        self.gold = storage.sheet(ticket.gold) if ticket.gold else None
        try:
            self.original = storage.known_sheet(ticket.job.base)
        except ConfigError as error:
            LOG.warning(
                "errors of job %s are not beside its original's: %s", ticket.job.hash, error
            )
        self._are_read = True
