"""What earlier jobs on a gang have taught about how the next ones can be run."""

from orchestrator.ticket import Ticket
from trainers.execution import Execution
from trainers.job import Phase


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
