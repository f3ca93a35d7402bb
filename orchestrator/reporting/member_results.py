"""The results of a sweep's members: those that are of use, the baselines, and what is gone."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.search_splits import further_splits
from orchestrator.results.entry import Reference
from orchestrator.results.measuring import unguarded_reference
from orchestrator.results.over_splits import by_split
from orchestrator.storage.members import Member, MemberRole
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Phase

SCORED = (MemberRole.FINAL, MemberRole.GOLD_AGAIN, MemberRole.SHADOW)
"""Whose results are no use without their scores."""


def recorded_result(member: Member, storage: Storage) -> Result | None:
    """Returns the member's result, unless it lacks what it is of use for."""
    result = storage.recorded(member.job)
    if result is None or member.role not in SCORED:
        return result
    return result if result.state == State.FAILED or storage.has_sheet(member.job) else None


def latest_result(
    role: MemberRole, members: Sequence[Member], results: Mapping[str, Result]
) -> Result | None:
    """Returns the latest result of a role that only one job of the sweep has."""
    hashes = [member.job for member in members if member.role == role and member.job in results]
    return results[hashes[-1]] if hashes else None


def references_of(
    members: Sequence[Member],
    results: Mapping[str, Result],
    storage: Storage,
    config: SweepConfig,
) -> tuple[Reference, ...]:
    """Returns the baselines of each split that the search sees; none if one is not done."""
    own = [latest_result(role, members, results) for role in (MemberRole.ORIGINAL, MemberRole.GOLD)]
    further = further_splits(config)
    at = by_split(members, results)
    phases = (str(Phase.ORIGINAL), str(Phase.GOLD))
    pairs = [own, *([at.get((phase, None, split)) for phase in phases] for split in further)]
    found = []
    for original, gold in pairs:
        if original is None or gold is None or State.FAILED in (original.state, gold.state):
            return ()
        found.append(unguarded_reference(original, gold, storage, config=config))
    return tuple(found)


def gone_results(members: Sequence[Member], results: Mapping[str, Result]) -> Iterator[str]:
    """Says whose results are not in storage any more."""
    lost = [member.job for member in members if member.job not in results]
    if lost:
        yield f"The records of {len(lost)} jobs are gone from storage: {', '.join(lost[:5])}."
