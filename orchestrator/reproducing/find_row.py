"""A finished job found again: its record, and the sweep whose tables show it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals.choice import Choice
from evals.errors import ConfigError
from evals.splits import at_split, splits_of
from orchestrator.config.loading import load_resumed
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.checkpoints import given_weights
from orchestrator.limits.usage import Event, read_lines
from orchestrator.storage.address import NO_ENVIRONMENT
from orchestrator.storage.files import LEDGER_FILE, MEMBERS_FILE, SWEEPS
from orchestrator.storage.members import Member, MemberRole, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Job, Phase


@dataclass(frozen=True, slots=True)
class Row:
    """A job on record: its result, its sweep, and what it is there.

    `original` and `gold` are the hashes of the baselines that it is held against: a trial's
    original is the one that it started from. `others` are further sweeps that have the job.
    """

    result: Result
    storage: Storage
    config: SweepConfig
    member: Member
    original: str
    gold: str
    others: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.storage.job_folder(self.result.job.hash)


def find_row(
    job_hash: str,
    storage: Storage,
    *,
    sweep: str | None = None,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
) -> Row:
    """Returns the finished job of that hash, as it stands in the sweep of `storage` named `sweep`.

    Without a name it is the first sweep that ran the job, or else the first that has it. Where
    the sweep's config has other paths than the job's record, the job has the config's.

    Raises:
        ConfigError: there is no such job, it failed, or it belongs to no sweep that can be read.
    """
    result = _result(job_hash, storage)
    if sweep is not None:
        return _row_of(sweep, result, storage, environment)
    rows, unread = _rows(result, storage, environment)
    if not rows:
        raise _homeless(job_hash, storage, unread)
    first = next((row for row in rows if _made(row)), rows[0])
    others = tuple(row.config.name for row in rows if row is not first)
    return replace(first, others=others)


def _result(job_hash: str, storage: Storage) -> Result:
    result = storage.recorded(job_hash)
    if result is None:
        raise ConfigError(
            f"RUN must be a job in {storage.root} but got {job_hash!r}, which is not there; see "
            "the column Job of trials.csv, or name another folder with --storage"
        )
    if result.state == State.FAILED:
        raise ConfigError(
            f"RUN must be a job that was measured but got {job_hash!r}, which failed "
            f"({result.reason}); run the sweep again, or name another job"
        )
    return result


def _row_of(sweep: str, result: Result, storage: Storage, environment: Mapping[str, str]) -> Row:
    folder = storage.sweep_path(sweep)
    # Refuses what is no sweep's folder.
    load_resumed(str(folder), (), option="--sweep", environment=environment)
    row = _row_in(folder, result, storage, environment)
    if row is None:
        raise ConfigError(
            f"--sweep must be a sweep with the job {result.job.hash!r} but got {sweep!r}, whose "
            f"{MEMBERS_FILE} does not name it; leave --sweep out to have it looked for"
        )
    return row


def _rows(
    result: Result, storage: Storage, environment: Mapping[str, str]
) -> tuple[list[Row], dict[str, str]]:
    """Returns the job in each sweep that has it, and why others could not be read, by name."""
    rows, unread = [], {}
    for folder in _sweeps(storage):
        try:
            row = _row_in(folder, result, storage, environment)
        except (ConfigError, OSError) as error:
            unread[folder.name] = str(error)
        else:
            rows += [] if row is None else [row]
    return rows, unread


def _sweeps(storage: Storage) -> Iterator[Path]:
    return (file.parent for file in sorted((storage.root / SWEEPS).glob(f"*/{MEMBERS_FILE}")))


def _row_in(
    folder: Path, result: Result, storage: Storage, environment: Mapping[str, str]
) -> Row | None:
    """Returns the job as it stands in the sweep of `folder`; None if it is not in there."""
    job = result.job
    members = read_members(folder)
    own = [member for member in members if member.job == job.hash]
    if not own:
        return None
    config = load_resumed(str(folder), (), environment=environment)
    last = {member.role: member.job for member in members}
    if MemberRole.ORIGINAL not in last or MemberRole.GOLD not in last:
        raise ConfigError(
            f"{folder / MEMBERS_FILE} must name both baselines but got {', '.join(last)}; let the "
            "sweep run on until both are done"
        )
    original = last[MemberRole.ORIGINAL] if job.base is None else job.base
    moved = replace(result, job=relocated(job, config))
    return Row(moved, storage, config, own[-1], original, _gold(own[-1], members))


def _gold(own: Member, members: Sequence[Member]) -> str:
    """Returns the hash of the gold model's job that a member is compared with: its split's."""
    if own.role != MemberRole.SHADOW:
        return [member.job for member in members if member.role == MemberRole.GOLD][-1]
    place = (MemberRole.SHADOW, str(Phase.GOLD), own.split)
    golds = [m for m in members if (m.role, m.label, m.split) == place]
    if not golds:
        raise ConfigError(
            f"{MEMBERS_FILE} must name the gold model of split {own.split} but does not; let the "
            "sweep run on until it is done"
        )
    return golds[-1].job


def _made(row: Row) -> bool:
    """Returns whether the row's sweep ran the job itself; else it found the result."""
    try:
        lines = read_lines(row.storage.sweep_path(row.config.name) / LEDGER_FILE)
    except (ConfigError, OSError):
        return False
    job = row.result.job.hash
    return any(line.event == Event.GIVEN and line.job == job for line in lines)


def _homeless(job_hash: str, storage: Storage, unread: dict[str, str]) -> ConfigError:
    why = "".join(f"; {name} could not be read: {reason}" for name, reason in unread.items())
    return ConfigError(
        f"RUN must be a job of a sweep in {storage.root} but got {job_hash!r}, which no "
        f"{MEMBERS_FILE} there names; run its sweep again, which takes a moment{why}"
    )


def relocated(job: Job, config: SweepConfig) -> Job:
    """Returns the same job with the benchmark's, model's and checkpoint's places in `config`.

    It keeps those of its record where the config's stand for something else: settings that give
    another hash, or a checkpoint with other weights. What the benchmark holds is not looked at.
    A job at another split of it stays there.
    """
    given = {Phase.ORIGINAL: config.baselines.original, Phase.GOLD: config.baselines.gold}
    places = {
        "benchmark": _benchmark(job, config.benchmark),
        "model": config.model,
        "checkpoint": _checkpoint(job, given.get(job.phase)),
    }
    moved = job.model_copy(update=places)
    return moved if moved.hash == job.hash else job


def _benchmark(job: Job, choice: Choice) -> Choice:
    split = job.benchmark.settings.get("split")
    if not isinstance(split, int) or splits_of(choice) is None:
        return choice
    return at_split(choice, split)


def _checkpoint(job: Job, given: str | None) -> str | None:
    """Returns where the job's checkpoint is: at `given` if the weights there are the job's."""
    if job.checkpoint is None or given is None or job.checkpoint == given:
        return job.checkpoint
    try:
        weights = given_weights(given, phase=job.phase)
    except ConfigError:
        return job.checkpoint
    return str(Path(given).expanduser().resolve()) if weights == job.weights else job.checkpoint
