"""How finalists are run, and on which items they are reported."""

from pydantic import Field

from evals.choice import Settings
from evals.errors import ConfigError

DEFAULT_POINTS = 3


class FinalistSettings(Settings):
    """How finalists are run and reported: each method's best feasible setting, on several seeds.

    One that breaks a bound under the first of the seeds, or in the mean of all, on the items that
    the search sees, gives way to the method's next best.
    """

    seeds: int = Field(3, ge=1, le=100)
    """Runs of each finalist, with the seeds that follow the sweep's own."""
    spare: int = Field(3, ge=0, le=100)
    """Further runs of each method that are reserved for those that take the place of one that
    breaks a bound; another begins while the runs left suffice for all its seeds."""
    points: int | None = Field(None, ge=1, le=10)
    """With several objectives, how many points of each method's front are finalists, each with
    `seeds` runs; null takes 3. With one objective there is one."""
    held_out: float = Field(0.5, ge=0, lt=1)
    """Share of every task's items that the search does not see and finalists are reported on; with
    0 they are reported on all items, which the search has selected on."""


def num_points(finalists: FinalistSettings | None, num_objectives: int) -> int:
    """Returns how many rows each method may have: points of the front of several objectives.

    Raises:
        ConfigError: points are asked for of one objective, which has no front.
    """
    points = None if finalists is None else finalists.points
    if num_objectives > 1:
        return points or DEFAULT_POINTS
    if points is not None:
        raise ConfigError(
            f"finalists.points must be left out with one search.objective but got {points}; "
            "name two objectives to search the front between them"
        )
    return 1
