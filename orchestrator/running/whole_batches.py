"""Batches that must not be cut when memory is short: a part of one would be another computation."""

from pathlib import Path

from evals.errors import ConfigError
from orchestrator.jobs.ticket import Ticket
from trainers.job import Phase


def must_stay_whole(ticket: Ticket) -> bool:
    """Returns whether rows of a batch change each other in the training of the ticket's job.

    Where the model cannot be asked, they may: memory must never decide what comes out.
    """
    from trainers.family import build_family  # imports transformers

    base = Path(ticket.base) if ticket.base is not None else None
    try:
        return build_family(ticket.job.model).shape(base).mixes_rows
    except ConfigError:
        return True


def cure(ticket: Ticket) -> str:
    """Says, from a semicolon on, what to lower where a batch must stay whole, or nothing."""
    if not must_stay_whole(ticket):
        return ""
    key = "training" if ticket.job.phase == Phase.TRIAL else "baselines.training"
    return (
        f"; {key}.batch_size must fit into memory whole for {ticket.job.model.name}, which "
        f"normalises rows together, but got {ticket.job.training.batch_size}; lower it with "
        "micro_batch_size"
    )
