"""Whether a trial forgot anything beyond chance."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.results.entry import Entry
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import is_measured, is_trial
from orchestrator.results.signals import UNMOVED
from orchestrator.storage.result import Result


@dataclass(frozen=True, slots=True)
class Chance:
    """What the original comes to by chance, on the items that the search sees.

    `to_beat` is the better end of the 95 % interval of its objective over drawn items: a trial
    that is no better has forgotten nothing beyond chance. It is the original's own value where
    there are too few items for an interval. `blind` says of metrics by name why they can tell
    nothing of any model on these items.
    """

    to_beat: float
    blind: Mapping[str, str] = field(default_factory=dict)


def judged_by_chance(
    entries: Iterable[Entry], chance: Chance, *, objective: str
) -> tuple[Entry, ...]:
    """Returns the entries; each measured trial says whether it forgot anything beyond chance."""
    return tuple(
        replace(entry, forgot=_forgot(entry.result, chance, objective))
        if is_trial(entry) and is_measured(entry)
        else entry
        for entry in entries
    )


def has_moved(results: Iterable[Result]) -> bool | None:
    """Returns whether all of these models moved; None where that is not on record of any."""
    found = [result.facts["moved"] for result in results if "moved" in result.facts]
    return UNMOVED not in found if found else None


def _forgot(result: Result, chance: Chance, objective: str) -> bool | None:
    if has_moved([result]) is False:
        return False
    if math.isnan(chance.to_beat):
        return None
    return gain(objective, result.metrics[objective]) > gain(objective, chance.to_beat)
