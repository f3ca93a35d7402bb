"""Where a report comes from: what a number in it depends on beside its own row."""

import shlex
from dataclasses import dataclass

from orchestrator.config.storage_address import is_url
from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.searching.constraints import said
from orchestrator.storage.result import Result


@dataclass(frozen=True, slots=True)
class Provenance:
    """The sweep that a table is of.

    `data` is the benchmark's fingerprint and `version` that of the package that ran the jobs, both
    empty without baselines. `search_bounds` are those that trials were held against, on the items
    of the search, `reported_bounds` those of the items that a table without finalists, or the
    finalists' own, reports on. `held_out` is the share of items that the search did not see. `gaps`
    say what is missing, `by_hand` what was done to the search while it ran.
    """

    sweep: str
    storage: str
    seed: int
    benchmark: str
    model: str
    data: str
    version: str
    objective: str
    search_bounds: tuple[str, ...]
    reported_bounds: tuple[str, ...]
    held_out: float
    gaps: tuple[str, ...]
    by_hand: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The provenance in one line."""
        return (
            f"sweep {self.sweep}: {self.benchmark}, {self.model}, seed {self.seed}, "
            f"data {self.data[:12] or 'unknown'}, Lethe {self.version or 'unknown'}"
        )


def provenance_of(record: SweepRecord, finals: Finals | None = None) -> Provenance:
    """Returns where the tables of a sweep come from; without finalists they report on the search's
    own items.
    """
    config, reference = record.config, record.reference
    job = None if reference is None else reference.original.job
    path = config.model.settings.get("path")
    bounds = () if reference is None else reference.bounds
    return Provenance(
        sweep=config.name,
        storage=str(config.storage) if is_url(str(config.storage)) else str(record.storage.root),
        seed=config.seed,
        benchmark=config.benchmark.name,
        model=f"{config.model.name} {path}" if path else config.model.name,
        data="" if job is None else job.data,
        version="" if job is None else job.version,
        objective=", ".join(config.search.objectives),
        search_bounds=tuple(map(said, bounds)),
        reported_bounds=tuple(map(said, bounds if finals is None else finals.bounds)),
        held_out=config.held_out,
        gaps=record.gaps,
        by_hand=record.by_hand,
    )


def command(record: SweepRecord, *results: Result) -> str:
    """Returns the shell command that repeats these jobs, one after the other.

    Its storage is the folder here, also where that only stands for a URL.
    """
    storage = shlex.quote(str(record.storage.root))
    each = (f"python -m orchestrator.repeat {r.job.hash} --storage {storage}" for r in results)
    return " && ".join(each)
