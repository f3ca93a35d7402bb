"""A sweep as its report sees it: all that storage holds of it, read without Ray or Optuna."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals.scores import ScoreSheet
from orchestrator.books import Books, read_books
from orchestrator.comparison import baselines_of, compared
from orchestrator.config import SweepConfig
from orchestrator.constraints import bounds_of
from orchestrator.entry import Entry, Reference
from orchestrator.finalists import best_trials
from orchestrator.judgement import judged
from orchestrator.loading import load_resumed
from orchestrator.result import Result, State
from orchestrator.storing.members import Member, MemberRole, read_members
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
    books = read_books(folder, config.budget)
    reference = _reference(members, results, storage, config)
    record = SweepRecord(config, folder, storage, reference, (), (), None, books)
    if reference is not None:
        record = _filled(record, members, results)
    return replace(record, gaps=tuple(_gaps(record, members, results)))


def _filled(
    record: SweepRecord, members: Sequence[Member], results: Mapping[str, Result]
) -> SweepRecord:
    """Returns the record with everything that is held against its reference."""
    reference = record.reference
    assert reference is not None
    record = replace(record, entries=tuple(_entries(members, results, record)))
    sheet = record.storage.sheet(reference.gold.job.hash)
    again = _last(MemberRole.GOLD_AGAIN, members, results)
    return replace(
        record,
        replicates=tuple(_replicates(members, results, record, gold=sheet)),
        gold_again=None if again is None else _compared(again, record.storage, sheet),
    )


def _last(
    role: MemberRole, members: Sequence[Member], results: Mapping[str, Result]
) -> Result | None:
    """Returns the latest result of a role that only one job of the sweep has."""
    hashes = [member.job for member in members if member.role == role and member.job in results]
    return results[hashes[-1]] if hashes else None


def _reference(
    members: Sequence[Member],
    results: Mapping[str, Result],
    storage: Storage,
    config: SweepConfig,
) -> Reference | None:
    original, gold = (
        _last(role, members, results) for role in (MemberRole.ORIGINAL, MemberRole.GOLD)
    )
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
        if member.role != MemberRole.TRIAL or member.job not in results:
            continue
        result = results[member.job]
        cached = not record.books.made(member.label, member.number)
        if cached and result.state == State.DONE:
            result = compared(result, record.storage, sheet)
        result, missed = judged(result, record.config.search, reference.bounds)
        yield Entry(member.label, result, member.number, dict(member.params), missed, cached)


def _replicates(
    members: Sequence[Member],
    results: Mapping[str, Result],
    record: SweepRecord,
    *,
    gold: ScoreSheet,
) -> Iterator[Replicate]:
    """Yields the runs of the trials that are their methods' best now, whatever was before."""
    best = best_trials(record.config, record.entries)
    for member in members:
        if member.role == MemberRole.FINAL and member.job in results:
            chosen = best.get(member.label)
            if member.number is not None and chosen is not None and chosen.number == member.number:
                result = _compared(results[member.job], record.storage, gold)
                yield Replicate(member.label, member.number, result)


def _compared(result: Result, storage: Storage, gold: ScoreSheet) -> Result:
    return compared(result, storage, gold) if result.state == State.DONE else result


def _gaps(
    record: SweepRecord, members: Sequence[Member], results: Mapping[str, Result]
) -> Iterator[str]:
    """Says what a finished sweep would have and this one lacks."""
    if record.reference is None:
        yield "The baselines are not both done, so that nothing can be compared."
    lost = [member.job for member in members if member.job not in results]
    if lost:
        yield f"The records of {len(lost)} jobs are gone from storage: {', '.join(lost[:5])}."
    config = record.config
    trials = [member for member in members if member.role == MemberRole.TRIAL]
    due = {label: config.num_trials(label) for label in config.methods}
    done = {label: sum(member.label == label for member in trials) for label in due}
    short = [f"{label} {done[label]} of {due[label]}" for label in due if done[label] < due[label]]
    if short:
        yield f"Trials that are not done yet: {', '.join(short)}."
    elif config.finalists is not None and record.reference is not None:
        wanted = len(best_trials(config, record.entries)) * config.finalists.seeds
        if len(record.replicates) < wanted:
            yield f"Runs of finalists that are not done yet: {wanted - len(record.replicates)}."
