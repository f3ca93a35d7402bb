"""Points that a search shall try first, as a person wrote them."""

from collections.abc import Mapping

from evals.errors import ConfigError, suggestion
from orchestrator.searching.space import Point, Space, is_active


def check_first(point: Point, space: Space, *, key: str, method: str) -> None:
    """Refuses a point, or a part of one, that the search of `method` could not try.

    Raises:
        ConfigError: a parameter that is not searched, a value out of its range, or one that the
            point's other values leave without effect.
    """
    for name, value in point.items():
        if name not in space:
            cure = suggestion(name, space) or f"searched are {', '.join(space)}"
            raise ConfigError(
                f"{key}.{name} must be searched by {method} but is not; {cure}, "
                "or write the point under the methods that search it"
            )
        if not space[name].holds(value):
            raise ConfigError(
                f"{key}.{name} must be {space[name].rule}, as {method} searches it, but got "
                f"{value!r}; move it into the range or widen that"
            )
    for name in point:
        if not is_active(space[name], point):
            raise ConfigError(
                f"{key}.{name} must stand with {_said(space[name].when)}, where {method} searches "
                f"it, but got {dict(point)}; add that or leave {name} out"
            )


def _said(when: Mapping[str, tuple[object, ...]]) -> str:
    return " and ".join(f"{name}: {' or '.join(map(str, of))}" for name, of in when.items())
