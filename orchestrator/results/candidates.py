"""In which order a method's trials are worth training again under other seeds."""

import math
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.results.entry import Entry
from orchestrator.results.ranking import by_merit, is_measured
from orchestrator.results.signals import signals_of
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings


def candidates(
    trials: Iterable[Entry], bounds: Sequence[Bound], *, search: SearchSettings
) -> list[Entry]:
    """Returns the feasible trials, what is to be tried first at the head.

    First those that keep every bound once more with `search.floor_probability`, as far as their
    standard errors tell, by merit; then the others, the likeliest to keep them first. Only items
    that the search sees are looked at, so that what is chosen can be reported on the others.
    """
    feasible = by_merit((t for t in trials if is_measured(t) and t.feasible), search)
    return sorted(
        feasible, key=lambda t: -min(_chance(t, bounds, search), search.floor_probability)
    )


def keeps_again(violations: Mapping[str, float], errors: Mapping[str, float]) -> float:
    """Returns how likely every bound is kept under another seed and on other items.

    What was measured and what will be both have the standard error of `errors`, by bound; a bound
    of which none is known is taken to be missed by as much again.
    """
    found = 1.0
    for name, missed in violations.items():
        error = errors.get(name, 0.0)
        sure = 1.0 if missed <= 0 else 0.0
        found *= sure if error <= 0 else _below(-missed / (math.sqrt(2) * error))
    return found


def _chance(trial: Entry, bounds: Sequence[Bound], search: SearchSettings) -> float:
    errors = signals_of(trial.result, search.objective, bounds).violation_errors
    return keeps_again(trial.violations or {}, errors)


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
