"""What the scheduler hands to a trainable: a job, and where its inputs and outputs lie."""

from pathlib import Path

from evals.choice import Settings
from orchestrator.config.checkpoint import CheckpointSettings
from orchestrator.config.gang import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.entry import Basis
from orchestrator.storage.address import names_in
from orchestrator.storage.inspection import fingerprint_of_model
from orchestrator.storage.records import Storage
from trainers.early_stopping import Guard
from trainers.job import Job


class Ticket(Settings):
    """A job to run in `storage`, by a gang of shape `gang`.

    `base` is the folder of the checkpoint that a trial starts from, `base_weights` the fingerprint
    that what is there must have, if it is known; `gold` the hash of the job
    whose score sheet the metrics compare with (None for the baselines themselves). `guard` says
    when the training is lost. `hidden` are the names of the environment that addresses of the
    config refer to: nothing that is written may have their values. `losses` counts how often the
    job was lost already, with all that was running it. `following` are tickets that the
    same gang goes on with.
    """

    job: Job
    storage: str
    gang: GangSettings
    checkpoint: CheckpointSettings = CheckpointSettings()
    base: str | None = None
    base_weights: str = ""
    gold: str | None = None
    guard: Guard | None = None
    hidden: tuple[str, ...] = ()
    losses: int = 0
    following: tuple["Ticket", ...] = ()


def hidden_names(config: SweepConfig) -> tuple[str, ...]:
    """Returns the names of the environment that the addresses of a config refer to."""
    return tuple(names_in(f"{config.storage} {config.tracking.uri}"))


def ticket_for(job: Job, basis: Basis | None, *, config: SweepConfig, storage: Storage) -> Ticket:
    """Returns the ticket of a baseline, or of a job that has a `basis`.

    The fingerprint of the weights that it starts from is not known before they are there.
    """
    base = gold = guard = None
    base_weights = ""
    if basis is not None:
        base = str(storage.model_folder(basis.original))
        if Path(base).is_dir():
            base_weights = fingerprint_of_model(storage, basis.original)
        gold = basis.gold.hash
        guard = basis.guard
    return Ticket(
        job=job,
        storage=str(storage.root),
        gang=config.gang,
        checkpoint=config.checkpoint,
        base=base,
        base_weights=base_weights,
        gold=gold,
        guard=guard,
        hidden=hidden_names(config),
    )
