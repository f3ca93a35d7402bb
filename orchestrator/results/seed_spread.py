"""What metrics differ by from seed to seed, as far as sweeps have run anything under several."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import variance

from evals.metric import Need, load_metric
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.signals import GUIDE, guide_key
from orchestrator.storage.members import MemberRole, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Phase

GOLD = (MemberRole.GOLD, MemberRole.GOLD_AGAIN)


def seed_spread(config: SweepConfig, storage: Storage) -> Mapping[str, float]:
    """Returns standard deviations between seeds, by metric, of all that is known of.

    Those are the finalists and the two gold models of this sweep, where it is run again for more
    trials, and of the one in `search.warm_start`. Variances are pooled. What compares with gold
    says nothing of gold itself.
    """
    groups = list(_groups(storage, storage.sweep_path(config.name)))
    given = config.search.warm_start
    if given is not None:
        folder = given.expanduser().resolve()
        groups += _groups(Storage(folder.parent.parent), folder)
    primary, *others = config.search.objectives
    names = dict.fromkeys((primary, *others, *config.search.constraints))
    found = {name: _pooled(groups, name) for name in names}
    for name, key in ((primary, GUIDE), *((name, guide_key(name)) for name in others)):
        found[key] = _pooled(groups, name, guide=True)
    return {name: spread for name, spread in found.items() if spread is not None}


def _groups(storage: Storage, folder: Path) -> Iterator[Sequence[Result]]:
    """Yields the results of each setting of which there are several that differ by the seed."""
    runs: dict[tuple[str, int | None], list[Result]] = defaultdict(list)
    for member in read_members(folder):
        if member.role == MemberRole.FINAL or member.role in GOLD:
            result = storage.recorded(member.job)
            if result is not None and result.state == State.DONE:
                runs[member.label, member.number].append(result)
    yield from (group for group in runs.values() if len(group) > 1)


def _pooled(groups: Sequence[Sequence[Result]], name: str, *, guide: bool = False) -> float | None:
    squares, freedom = 0.0, 0
    for group in groups:
        values = [_value(result, name, guide=guide) for result in group]
        values = [value for value in values if math.isfinite(value)]
        if len(values) > 1:
            squares += (len(values) - 1) * variance(values)
            freedom += len(values) - 1
    return math.sqrt(squares / freedom) if freedom else None


def _value(result: Result, name: str, *, guide: bool) -> float:
    if result.job.phase != Phase.TRIAL and Need.GOLD in load_metric(name).needs:
        return math.nan
    found = result.evidence.guides if guide else result.metrics
    return found.get(name, math.nan)
