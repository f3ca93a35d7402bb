"""`gang: auto`: which of the gangs that fit are through soonest with what is left, and why.

Equal nodes, equal results in storage and an equal config give equal choices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.config.gang import GangSettings
from orchestrator.planning.gang_candidates import Candidate, candidates
from orchestrator.planning.gang_time import Use, gpu_use, time_on
from orchestrator.planning.memory import GIB, Kind
from orchestrator.planning.plan import Plan
from orchestrator.planning.plan_text import gang_text
from orchestrator.planning.throughput import FinishedJob, parallel_speed
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.table import Column, Table

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

WORTH_IT = 1.05
"""How much longer it may take at most on fewer ranks, or on GPUs that are not shared."""
QUICKEST = "the quickest that has the memory, or up to 5 % slower on less"
MOST_SHOWN = 8
"""Candidates that are shown: those that have the memory first, then the quickest."""


@dataclass(frozen=True, slots=True)
class GangChoice:
    """The gang that was chosen, and why."""

    gang: GangSettings
    text: str


@dataclass(frozen=True, slots=True)
class Timed:
    """A candidate, and how long what is left takes on gangs like it."""

    candidate: Candidate
    time: float

    @property
    def gang(self) -> GangSettings:
        """Its shape."""
        return self.candidate.gang

    @property
    def size(self) -> tuple[int, float]:
        """What it takes and leaves: the number of its ranks, and of what share of a GPU."""
        return self.gang.ranks, -self.candidate.share


def choose_gang(
    plan: Plan,
    kinds: Sequence[Kind],
    finished: Sequence[FinishedJob],
    nodes: "Sequence[Node]",
    *,
    held: GangSettings | None = None,
) -> GangChoice:
    """Returns the gangs that are through soonest with what is left on `nodes`.

    What a sweep was begun with is `held` as long as it fits, or at least its number of ranks. Where
    no gang has the memory, it is the one that lacks least.
    """
    use = gpu_use(plan, kinds, finished)
    found = [
        Timed(each, time_on(each.gang, plan, kinds, finished, num_gangs=each.num_gangs, use=use))
        for each in candidates(plan, kinds, nodes)
    ]
    if not found:  # not even one rank has a place, which is refused with what there is
        return GangChoice(plan.config.gang.model_copy(update={"ranks": 1}), "")
    fitting = [each for each in found if not each.candidate.excess_bytes]
    if not fitting:
        least = min(found, key=lambda each: (each.candidate.excess_bytes, *each.size))
        return _choice(least, found, "no gang has the memory, and this one lacks least")
    kept, why = _held(fitting, held)
    limit = WORTH_IT * min(each.time for each in kept)
    chosen = min((each for each in kept if each.time <= limit), key=lambda each: each.size)
    return _choice(chosen, found, "; ".join(filter(None, [why, *_reasons(chosen, use, finished)])))


def _held(fitting: Sequence[Timed], held: GangSettings | None) -> tuple[Sequence[Timed], str]:
    """Returns those that are as the sweep was begun, as far as there are any, and says so."""
    if held is None:
        return fitting, QUICKEST
    same_ranks = [each for each in fitting if each.gang.ranks == held.ranks]
    same = [each for each in same_ranks if each.gang.gpus_per_rank == held.gpus_per_rank]
    if same:
        return same, "as the sweep was begun"
    if same_ranks:
        return same_ranks, f"with as many ranks as the sweep was begun, {QUICKEST}"
    return fitting, (
        f"{QUICKEST}; gangs of {held.ranks}, with which the sweep was begun, do not fit here, and "
        "results of other numbers of ranks are equal up to rounding"
    )


def _reasons(chosen: Timed, use: Use, finished: Sequence[FinishedJob]) -> list[str]:
    """Returns what the times rest on."""
    reasons = []
    if chosen.gang.gpus_per_rank and chosen.gang.ranks == 1:
        reasons.append(f"one job keeps a GPU busy for {use.share:.0%} of its time, {use.basis}")
    if len({job.ranks for job in finished}) > 1:
        reasons.append("jobs take as long as finished ones did")
    else:
        reasons.append(f"two ranks are taken to be {parallel_speed(2):.2g} times as quick as one")
    return reasons


def _choice(chosen: Timed, found: Sequence[Timed], why: str) -> GangChoice:
    ordered = sorted(found, key=lambda each: (each.candidate.excess_bytes, each.time, each.size))
    shown = ordered[:MOST_SHOWN]
    if chosen not in shown:
        shown[-1] = chosen
    rows = tuple(_row(each, chosen) for each in shown)
    headings = ("gang", "side by side", "a rank needs, GiB", "and has", "time", "")
    columns = tuple(
        Column(heading, ".0f" if heading == headings[1] else ".2f") for heading in headings
    )
    table = terminal_text(Table(columns, rows)).rstrip()
    text = f"gang: auto takes {gang_text(chosen.gang)}: {why}\n\n{table}\n"
    return GangChoice(chosen.gang, text)


def _row(each: Timed, chosen: Timed) -> tuple[str | float | None, ...]:
    candidate = each.candidate
    needed, has = (
        size / GIB if size else None for size in (candidate.needed_bytes, candidate.has_bytes)
    )
    time = each.time / chosen.time if chosen.time else None
    mark = "chosen" if each is chosen else "too little" if candidate.excess_bytes else ""
    return gang_text(candidate.gang), candidate.num_gangs, needed, has, time, mark
