"""A sweep as its report sees it: all that storage holds of it, read without Ray or Optuna."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.books import Books, read_books
from orchestrator.comparison import baselines_of, compared
from orchestrator.config import SweepConfig
from orchestrator.constraints import bounds_of
from orchestrator.entry import Entry, Reference
from orchestrator.judgement import judged
from orchestrator.loading import load_resumed
from orchestrator.result import Result, State
from orchestrator.storing.members import Member, Role, read_members
from orchestrator.storing.records import Storage


@dataclass(frozen=True, slots=True)
class Replicate:
    """A finalist under one seed: `number` is the trial of the method `label` that it repeats."""

    label: str
    number: int
    result: Result


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A sweep, whole or as far as it has come.

    `reference` and `entries` (baselines and trials, in the order in which they ended) have their
    metrics over the items that the search sees; `replicates` are the finalists' runs and
    `gold_again` the gold model under another seed. `gaps` are sentences that say what is missing.
    """

    config: SweepConfig
    folder: Path
    storage: Storage
    reference: Reference | None
    entries: tuple[Entry, ...]
    replicates: tuple[Replicate, ...]
    gold_again: Result | None
    books: Books
    gaps: tuple[str, ...] = ()


def read_record(path: str) -> SweepRecord:
    """Returns the sweep in the folder `path`, `<storage>/sweeps/<name>`, or at such a URL.

    Raises:
        ConfigError: it is no sweep's folder, or a file of it cannot be read.
    """
    config = load_resumed(path, (), option="DIR")
    storage = Storage(config.folder)
    folder = storage.root / "sweeps" / config.name
    members = read_members(folder)
    found = {member.job: storage.recorded(member.job) for member in members}
    results = {job: result for job, result in found.items() if result is not None}
    reference = _reference(members, results, storage, config)
    record = SweepRecord(
        config,
        folder,
        storage,
        reference,
        entries=(),
        replicates=tuple(_replicates(members, results)),
        gold_again=_last(Role.GOLD_AGAIN, members, results),
        books=read_books(folder, config.budget),
        gaps=tuple(_gaps(config, members, results, reference)),
    )
    if reference is None:
        return record
    return replace(record, entries=tuple(_entries(members, results, record)))


def _last(role: Role, members: Sequence[Member], results: Mapping[str, Result]) -> Result | None:
    """Returns the latest result of a role that only one job of the sweep has."""
    hashes = [member.job for member in members if member.role == role and member.job in results]
    return results[hashes[-1]] if hashes else None


def _reference(
    members: Sequence[Member],
    results: Mapping[str, Result],
    storage: Storage,
    config: SweepConfig,
) -> Reference | None:
    original, gold = (_last(role, members, results) for role in (Role.ORIGINAL, Role.GOLD))
    if original is None or gold is None or State.FAILED in (original.state, gold.state):
        return None
    original, gold = baselines_of(original, gold, storage)
    bounds = bounds_of(config.search.constraints, original=original.metrics, gold=gold.metrics)
    return Reference(original, gold, bounds)


def _entries(
    members: Sequence[Member],
    results: Mapping[str, Result],
    record: SweepRecord,
) -> Iterator[Entry]:
    """Yields the baselines, and every trial held against the bounds."""
    reference = record.reference
    assert reference is not None
    for done in (reference.original, reference.gold):
        yield Entry(str(done.job.phase), done)
    sheet = record.storage.sheet(reference.gold.job.hash)
    for member in members:
        if member.role != Role.TRIAL or member.job not in results:
            continue
        result = results[member.job]
        cached = not record.books.made(member.label, member.number)
        if cached and result.state == State.DONE:
            result = compared(result, record.storage, sheet)
        result, missed = judged(result, record.config.search, reference.bounds)
        yield Entry(member.label, result, member.number, dict(member.params), missed, cached)


def _replicates(members: Sequence[Member], results: Mapping[str, Result]) -> Iterator[Replicate]:
    for member in members:
        if member.role == Role.FINAL and member.job in results:
            assert member.number is not None
            yield Replicate(member.label, member.number, results[member.job])


def _gaps(
    config: SweepConfig,
    members: Sequence[Member],
    results: Mapping[str, Result],
    reference: Reference | None,
) -> Iterator[str]:
    """Says what a finished sweep would have and this one lacks."""
    if reference is None:
        yield "The baselines are not both done, so that nothing can be compared."
    lost = [member.job for member in members if member.job not in results]
    if lost:
        yield f"The records of {len(lost)} jobs are gone from storage: {', '.join(lost[:5])}."
    trials = [member for member in members if member.role == Role.TRIAL]
    due = {label: config.num_trials(label) for label in config.methods}
    done = {label: sum(member.label == label for member in trials) for label in config.methods}
    short = [f"{label} {done[label]} of {due[label]}" for label in due if done[label] < due[label]]
    if short:
        yield f"Trials that are not done yet: {', '.join(short)}."
