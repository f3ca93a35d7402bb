"""Settings that are known to do nothing before they are tried.

What did next to nothing at some learning rate and L1 does no more at a smaller learning rate or
under a larger L1, all other choices being the same.
"""

from collections.abc import Mapping, Sequence

from orchestrator.searching.shared_parameters import L1, LR
from orchestrator.searching.space import Point, SearchRange, Space, Value
from orchestrator.searching.tried import Tried


def is_known_idle(point: Point, tried: Sequence[Tried], space: Space) -> bool:
    """Returns whether a trial that did nothing says that the point does nothing either."""
    return any(trial.signals.idle and _does_no_more(point, trial.params, space) for trial in tried)


def _does_no_more(point: Point, idle: Mapping[str, Value], space: Space) -> bool:
    if set(point) != set(idle):
        return False
    return all(_is_no_more(name, point[name], idle[name], space) for name in point)


def _is_no_more(name: str, value: Value, idle: Value, space: Space) -> bool:
    if name not in (LR, L1) or not isinstance(space[name], SearchRange):
        return value == idle
    more, less = (value, idle) if name == L1 else (idle, value)
    return float(more) >= float(less)
