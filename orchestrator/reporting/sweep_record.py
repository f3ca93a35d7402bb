"""A sweep as its report sees it: all that storage holds of it, read without Ray or Optuna."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.config.loading import load_resumed
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.finalists import final_seeds, races, run_of
from orchestrator.jobs.search_splits import further_splits
from orchestrator.limits.steering import given_trials, planned_trials
from orchestrator.limits.usage import Usage, read_usage
from orchestrator.reporting.member_results import (
    gone_results,
    latest_result,
    recorded_result,
    references_of,
)
from orchestrator.reporting.row_names import name_of
from orchestrator.results.chance import Chance
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.feasibility import judged
from orchestrator.results.measuring import compared_if_needed
from orchestrator.results.over_splits import by_split, mean_reference, mean_result
from orchestrator.results.ranking import best_trials
from orchestrator.storage.address import NO_ENVIRONMENT
from orchestrator.storage.files import MEMBERS_FILE
from orchestrator.storage.members import Member, MemberRole, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from orchestrator.storage.sweep_lines import LOST_LINES, files_with_lost_lines


@dataclass(frozen=True, slots=True)
class Replicate:
    """A finalist under one seed: `number` is the trial of the method `label` that it repeats."""

    label: str
    number: int
    result: Result


@dataclass(frozen=True, slots=True)
class ShadowModel:
    """A model for attacks: the baseline `label`, or the trial `number` of a method, at a split."""

    label: str
    number: int | None
    split: int
    result: Result


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A sweep, whole or as far as it has come.

    `reference` and `entries` (baselines and trials, in the order in which they ended) have their
    metrics over the items that the search sees. `replicates` are the finalists' runs, of each
    method those of the candidates that stand for it, the first one's first, `tried` how many
    candidates had their turn and `standing` which of them stand, by label, and `gold_again` is the
    gold model under another seed. `gaps` are sentences that say what is missing.
    `chance` is what the original comes to by chance, None as long as nobody has asked.

    `shadows` are the models for attacks; `attacks` what these come to, by label and by name, and
    `attack_notes` what is to be said of that, both empty as long as nobody has asked.
    """

    config: SweepConfig
    folder: Path
    storage: Storage
    reference: Reference | None
    entries: tuple[Entry, ...]
    replicates: tuple[Replicate, ...]
    gold_again: Result | None
    usage: Usage
    gaps: tuple[str, ...] = ()
    chance: Chance | None = None
    shadows: tuple[ShadowModel, ...] = ()
    attacks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    attack_notes: tuple[str, ...] = ()
    tried: Mapping[str, int] = field(default_factory=dict)
    standing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def by_hand(self) -> tuple[str, ...]:
        """Sentences that say what people have done to the search while it ran."""
        return self.usage.steering.notes(planned_trials(self.config))


def read_record(path: str, *, environment: Mapping[str, str] = NO_ENVIRONMENT) -> SweepRecord:
    """Returns the sweep in the folder `path`, `<storage>/sweeps/<name>`, or at such a URL.

    Raises:
        ConfigError: it is no sweep's folder, or a file of it cannot be read.
    """
    config = load_resumed(path, (), option="DIR", environment=environment)
    return record_in(Storage(config.folder), config)


def record_in(storage: Storage, config: SweepConfig) -> SweepRecord:
    """Returns the sweep of `config` as far as it has come in the storage.

    Raises:
        ConfigError: a file of it cannot be read.
    """
    folder = storage.sweep_path(config.name)
    members = read_members(folder)
    usage = read_usage(folder, config.budget)
    lost = _files_with_lost_lines(folder)
    found = {member.job: recorded_result(member, storage) for member in members}
    results = {job: result for job, result in found.items() if result is not None}
    references = references_of(members, results, storage, config)
    reference = mean_reference(references, config) if references else None
    record = SweepRecord(config, folder, storage, reference, (), (), None, usage)
    if reference is not None:
        record = replace(record, entries=tuple(_entries(members, results, record, references)))
        record = _filled(record, members, results)
    gaps = (
        *gone_results(members, results),
        *(f"{n} {LOST_LINES}." for n in lost),
        *gaps_of(record),
    )
    return replace(record, gaps=gaps)


def _files_with_lost_lines(folder: Path) -> tuple[str, ...]:
    """Returns the files of the sweep that lack lines; without members there would be other tables.

    Raises:
        ConfigError: it is the members that do.
    """
    lost = files_with_lost_lines(folder)
    if MEMBERS_FILE in lost:
        raise ConfigError(
            f"{folder / MEMBERS_FILE} must be the list of this sweep's jobs but it {LOST_LINES}; "
            "run the sweep's command again, which takes them down again"
        )
    return lost


def gaps_of(record: SweepRecord) -> Iterator[str]:
    """Says what a finished sweep would have and this one lacks."""
    if record.reference is None:
        yield "The baselines are not both done, so that nothing can be compared."
    config = record.config
    due = given_trials(config, record.usage.steering)
    done = {label: sum(entry.label == label for entry in record.entries) for label in due}
    short = [f"{label} {done[label]} of {due[label]}" for label in due if done[label] < due[label]]
    if short:
        yield f"Trials that are not done yet: {', '.join(short)}."
    elif config.finalists is not None and record.reference is not None:
        yield from _final_gaps(record, config.finalists.seeds)


def _final_gaps(record: SweepRecord, num_seeds: int) -> Iterator[str]:
    """Says which runs of finalists are missing, and which have failed."""
    gold = record.gold_again
    if record.config.baselines.gold is None and (gold is None or gold.state == State.FAILED):
        why = "is not done yet" if gold is None else f"failed: {gold.reason}"
        yield f"The gold model under another seed {why}; nothing shows what chance makes of it."
    standing = standing_trials(record).items()
    for label, (place, trial) in ((label, at) for label, of in standing for at in enumerate(of, 1)):
        runs, name = record.replicates, name_of(label, place)
        own = [each.result for each in runs if (each.label, each.number) == (label, trial.number)]
        failed = [result.reason for result in own if result.state == State.FAILED]
        if failed:
            yield f"Runs of the finalist {name} that failed: {len(failed)} ({failed[0]})."
        if len(own) < num_seeds:
            yield f"Runs of the finalist {name} that are not done yet: {num_seeds - len(own)}."


def _filled(
    record: SweepRecord, members: Sequence[Member], results: Mapping[str, Result]
) -> SweepRecord:
    """Returns the record with everything that is held against its reference."""
    reference = record.reference
    assert reference is not None
    again = latest_result(MemberRole.GOLD_AGAIN, members, results)
    if again is not None:
        again = compared_if_needed(again, record.storage, gold=reference.gold)
    shadows = tuple(_shadows(members, results))
    record = replace(record, gold_again=again, shadows=shadows)
    return raced(record, tuple(_replicates(members, results, record)))


def _entries(
    members: Sequence[Member],
    results: Mapping[str, Result],
    record: SweepRecord,
    references: Sequence[Reference],
) -> Iterator[Entry]:
    """Yields the baselines, and every trial held against the bounds."""
    reference, config = record.reference, record.config
    assert reference is not None
    for done in (reference.original, reference.gold):
        yield Entry(str(done.job.phase), done)
    at, further = by_split(members, results), further_splits(config)
    for member in members:
        if member.role != MemberRole.TRIAL or member.job not in results:
            continue
        if member.label not in config.methods:  # left out by a later run
            continue
        places = [(member.label, member.number, split) for split in further]
        parts = [results[member.job], *(at[place] for place in places if place in at)]
        if len(parts) < len(references):  # not done yet at one of the splits
            continue
        pairs = zip(parts, references, strict=True)
        held = [compared_if_needed(part, record.storage, gold=r.gold) for part, r in pairs]
        result, missed = judged(mean_result(held), config.search, reference.bounds)
        cached = not record.usage.made(member.label, member.number)
        yield Entry(member.label, result, member.number, dict(member.params), missed, cached)


def raced(record: SweepRecord, runs: Sequence[Replicate]) -> SweepRecord:
    """Returns the record with those of the finalists' runs that are of who stands for a method."""
    reference, search = record.reference, record.config.search
    if record.config.finalists is None or reference is None:
        return record
    found = races(record.config, record.entries, reference)
    for run in runs:
        if run.label in found:
            said = run_of(run.result, search, reference.bounds)
            found[run.label].runs[run.number, run.result.job.seed] = said
    standing = {label: race.standing for label, race in found.items()}
    own = (run for run in runs if run.number in standing.get(run.label, ()))
    kept = tuple(sorted(own, key=lambda run: standing[run.label].index(run.number)))
    tried = {label: len(race.tried) for label, race in found.items()}
    return replace(record, replicates=kept, tried=tried, standing=standing)


def _replicates(
    members: Sequence[Member], results: Mapping[str, Result], record: SweepRecord
) -> Iterator[Replicate]:
    """Yields the runs of candidates under the seeds of now."""
    config, reference = record.config, record.reference
    if config.finalists is None or reference is None:
        return
    seeds = final_seeds(config)
    for member in members:
        if member.role != MemberRole.FINAL or member.job not in results:
            continue
        if member.number is None or member.seed not in seeds:
            continue
        result = compared_if_needed(results[member.job], record.storage, gold=reference.gold)
        yield Replicate(member.label, member.number, result)


def _shadows(members: Sequence[Member], results: Mapping[str, Result]) -> Iterator[ShadowModel]:
    for member in members:
        if member.role == MemberRole.SHADOW and member.job in results:
            assert member.split is not None
            yield ShadowModel(member.label, member.number, member.split, results[member.job])


def standing_trials(record: SweepRecord) -> dict[str, tuple[Entry, ...]]:
    """Returns the trials that stand for each method that has a feasible one, by label.

    They are those that were replicated, of one objective one, or the best one where none was.
    """
    config = record.config
    best = best_trials(record.entries, config.methods, search=config.search)
    found: dict[str, tuple[Entry, ...]] = {label: (entry,) for label, entry in best.items()}
    by_place = {(e.label, e.number): e for e in record.entries if e.number is not None}
    for label in config.methods:
        done = dict.fromkeys(run.number for run in record.replicates if run.label == label)
        numbers = record.standing.get(label, tuple(done)) if done else ()
        own = tuple(by_place[label, n] for n in numbers if (label, n) in by_place)
        if own:
            found[label] = own
    return {label: found[label] for label in config.methods if label in found}
