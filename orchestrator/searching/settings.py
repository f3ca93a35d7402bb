"""The settings of a sweep's search: the budget, the objective, and what a trial must keep to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from evals.choice import Settings
from evals.errors import ConfigError, FieldError
from evals.metric import Metric, load_metric
from evals.paths import read_path
from evals.settings import DEFAULT_CONSTRAINED, DEFAULT_OBJECTIVE
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.shared_parameters import SHARED
from orchestrator.searching.space import SearchRange, Value
from trainers.settings import StoppingSettings

Direction = Literal["minimize", "maximize"]

MAX_OBJECTIVES = 3


class SearchSettings(Settings):
    """One study per method: `trials` each, the first `startup_trials` in the middle and around it.

    The studies' seeds derive from the sweep's.
    """

    trials: int = Field(8, ge=1)
    startup_trials: int = Field(3, ge=1)
    sampler: Literal["gp", "tpe", "random", "grid"] = "gp"
    """The constrained Gaussian process, the tree-structured Parzen estimator, or what learns
    nothing: points at random, or a fixed grid."""
    grid_points: int | None = Field(None, ge=1)
    """Values of each range in the grid; None takes as many as the trials allow."""
    first: tuple[dict[str, Value], ...] = ()
    """Points to try first, for every method; what one leaves out is left to the sampler."""
    warm_start: Path | None = None
    """The folder of another sweep, whose trials of the same label the search begins with."""
    splits: int = Field(1, ge=1, le=16)
    """At so many splits of the benchmark every trial is trained, its own and the next; objective
    and constraints are means over them. With more than one no training is stopped early, as what
    one split says decides nothing."""
    objective: str | tuple[str, ...] = DEFAULT_OBJECTIVE
    """A metric, or a list of two or three: then the front between them is searched, and the first
    is the one that a method's best trial is told by."""
    constraints: dict[str, Constraint] = {DEFAULT_CONSTRAINED: Constraint(at_least=0.9)}
    """By metric. Whatever is written here takes the default's place; `{}` constrains nothing, and
    null takes one metric's constraint away. Figures and fronts hold the objective against the first
    metric here, or else against `retain`, which must then be measured."""
    floor_probability: float = Field(0.9, ge=0.5, lt=1)
    """How likely what the Gaussian process proposes is to keep each bound once more, under another
    seed and on other items, as far as the trials' errors tell; 0.5 asks for the bound alone."""
    stopping: StoppingSettings | None = StoppingSettings()
    """When a trial is stopped early, as it is sure to miss a bound; null lets every one end."""
    lr: SearchRange = SearchRange(low=1e-5, high=1e-3)
    l1: SearchRange | None = SearchRange(low=1e-3, high=1.0)
    """None keeps `training.l1` for every trial. The default is for the proximal mode, where l1 is
    the share of an Adam step that is taken back: nothing to speak of up to about 1e-2, all at 1.
    The subgradient mode sets l1 against the gradient's entries and needs far smaller ones."""

    @field_validator("warm_start")
    @classmethod
    def _can_be(cls, given: Path | None) -> Path | None:
        if given is not None:
            read_path(given, key="search.warm_start")
        return given

    @field_validator("objective")
    @classmethod
    def _one_is_no_list(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return given if isinstance(given, str) or len(given) != 1 else given[0]

    @field_validator("constraints", mode="before")
    @classmethod
    def _present(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping):
            return raw
        return {metric: entry for metric, entry in raw.items() if entry is not None}

    @model_validator(mode="after")
    def _objectives_are_few_and_different(self) -> "SearchSettings":
        names = self.objectives
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise FieldError(
                f"objective must be different metrics but got {twice[0]!r} twice; leave one out"
            )
        if not 1 <= len(names) <= MAX_OBJECTIVES:
            raise FieldError(
                f"objective must be one metric, or up to {MAX_OBJECTIVES}, but got {len(names)}; "
                f"{'constrain the others' if names else 'name one'}"
            )
        return self

    @model_validator(mode="after")
    def _grid_points_make_a_grid(self) -> "SearchSettings":
        if self.grid_points is not None and self.sampler != "grid":
            raise FieldError(
                f"grid_points must be left out with the sampler {self.sampler} but got "
                f"{self.grid_points}; set sampler: grid to try one"
            )
        return self

    @model_validator(mode="after")
    def _warm_start_is_of_one_split(self) -> "SearchSettings":
        if self.splits > 1 and self.warm_start is not None:
            raise FieldError(
                f"warm_start must be left out with search.splits {self.splits} but got "
                f"{str(self.warm_start)!r}, whose trials are of other splits; leave one of them out"
            )
        return self

    @property
    def shared(self) -> dict[str, SearchRange]:
        """What is searched of the training recipe, by name."""
        found = {name: getattr(self, name) for name in SHARED}
        return {name: interval for name, interval in found.items() if interval is not None}

    @property
    def primary(self) -> str:
        """The metric that a trial is first of all judged by."""
        return self.objectives[0]

    @property
    def objectives(self) -> tuple[str, ...]:
        """All that the search makes the best of, the primary one first."""
        return (self.objective,) if isinstance(self.objective, str) else self.objective

    @property
    def said(self) -> str:
        """The objectives for people: "log_forget_quality, retain and real"."""
        return in_a_row(self.objectives)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Which way each objective is better."""
        return tuple(map(direction_of, self.objectives))

    @property
    def direction(self) -> Direction:
        """Which way the primary objective is better."""
        return direction_of(self.primary)

    @property
    def horizontal(self) -> str:
        """The metric that figure and Pareto front hold against the objective.

        The second objective, or else the first that is constrained, the objective aside.
        """
        if len(self.objectives) > 1:
            return self.objectives[1]
        return next(
            (name for name in self.constraints if name != self.primary), DEFAULT_CONSTRAINED
        )

    @property
    def horizontal_sign(self) -> int:
        """1 if more of `horizontal` is better, -1 if less is."""
        return self.sign(self.horizontal)

    def sign(self, constrained: str) -> int:
        """Returns 1 if more of a metric is better, -1 if less is, as it or its constraint says."""
        better = load_metric(constrained).better
        if better == "gold":  # an objective is none of these
            sides = self.constraints[constrained].sides
            better = "higher" if "at_least" in sides else "lower"
        return 1 if better == "higher" else -1


def in_a_row(names: Sequence[str]) -> str:
    """Returns "a", "a and b", "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def direction_of(objective: str) -> Direction:
    """Returns which way a metric is better that has a best direction."""
    better = load_metric(objective, key="search.objective").better
    return "minimize" if better == "lower" else "maximize"


def best_value(objective: str) -> float:
    """Returns the best that it can have, perhaps infinite."""
    low, high = load_metric(objective, key="search.objective").bounds
    return low if direction_of(objective) == "minimize" else high


def check_objectives(search: SearchSettings, measured: tuple[str, ...]) -> None:
    """Refuses objectives that could not be searched.

    Raises:
        ConfigError: an unknown metric, one that is not among `measured`, or one that has no best
            direction.
    """
    key = "search.objective"
    for name in search.objectives:
        metric = load_metric(name, key=key)
        check_measured(name, measured, key=key)
        if metric.better == "gold":
            raise ConfigError(
                f"{key} must be a metric with a best direction but got {name!r}, which is best "
                f"near the gold model's value; choose {DEFAULT_OBJECTIVE}"
            )


def check_constraints(search: SearchSettings, measured: tuple[str, ...]) -> None:
    """Refuses constraints that no measurement could be held against.

    Raises:
        ConfigError: an unknown metric, one that is not among `measured`, or a bound that the
            metric can never reach or that has no meaning for it.
    """
    for name, constraint in search.constraints.items():
        key = f"search.constraints.{name}"
        metric = load_metric(name, key=key)
        check_measured(name, measured, key=key)
        for side, value in constraint.sides.items():
            if constraint.relative_to == "absolute":
                _check_absolute(metric, value, key=f"{key}.{side}")
            else:
                _check_relative(metric, constraint.relative_to, value, key=f"{key}.{side}")
    if search.horizontal not in measured:
        fits = _is_alike(DEFAULT_CONSTRAINED, measured)
        add = f", or add {DEFAULT_CONSTRAINED!r} to evaluation.metrics"
        raise ConfigError(
            f"search.constraints must name a metric to show the objective against but got "
            f"{list(search.constraints)}; constrain one{add if fits else ', however loosely'}"
        )


def check_measured(name: str, measured: tuple[str, ...], *, key: str) -> None:
    """Refuses the metric `name` at `key` unless it is one of those measured."""
    if name not in measured:
        cure = "add it there" if _is_alike(name, measured) else "choose one of these"
        raise ConfigError(
            f"{key} must be one of evaluation.metrics ({', '.join(measured)}) but got {name!r}; "
            f"{cure}"
        )


def _is_alike(name: str, measured: tuple[str, ...]) -> bool:
    """Returns whether a metric can be measured beside those: it reads the same suite's scores."""
    suites = {load_metric(each).suite for each in measured}
    return not suites or load_metric(name).suite in (None, *suites)


def _check_absolute(metric: Metric, value: float, *, key: str) -> None:
    low, high = metric.bounds
    if not low <= value <= high:
        raise ConfigError(
            f"{key} must be a value that the metric can have, {low:g} to {high:g}, but got "
            f"{value:g}; choose one in between, or say relative_to: original"
        )


def _check_relative(metric: Metric, baseline: str, value: float, *, key: str) -> None:
    if metric.bounds[0] < 0:
        raise ConfigError(
            f"{key} must be absolute for a metric that can be negative but got {value:g} x the "
            f"{baseline}'s, and multiples of negative numbers turn more and less round; "
            "say relative_to: absolute"
        )
    if key.endswith("at_least") and not 0 <= value <= 1:
        raise ConfigError(
            f"{key} must be a share of the {baseline}'s, 0 to 1, but got {value:g}; "
            "choose one in between, or say relative_to: absolute"
        )
    if value < 0:
        raise ConfigError(
            f"{key} must be a multiple of the {baseline}'s, 0 or more, but got {value:g}; "
            "choose a larger one, or say relative_to: absolute"
        )
