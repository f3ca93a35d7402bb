"""The finalists of a sweep on the items that its search has not seen, and how they rank."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.constraints import Bound
from orchestrator.reporting.inference import Comparison, Interval
from orchestrator.result import Result
from orchestrator.searching.space import Value


@dataclass(frozen=True, slots=True)
class Final:
    """A method's finalist: the trial `number` with its `params`, run again under several seeds.

    `results` are its runs that are DONE; without one `metrics` and `violations` are empty.
    `metrics` are over the reported items, `violations` those of the means by the bound's name.
    `rank` is 1 + the number of feasible finalists that are better in the objective and can be told
    apart from this one: methods that cannot be told apart share a rank. It is None for a finalist
    that is infeasible, or has no run, or whose objective is NaN.
    """

    label: str
    number: int
    params: Mapping[str, Value]
    results: tuple[Result, ...]
    metrics: Mapping[str, Interval]
    violations: Mapping[str, float]
    feasible: bool
    rank: int | None


@dataclass(frozen=True, slots=True)
class Finals:
    """All finalists beside the baselines, everything over the reported items.

    `gold_again` is the gold model under another seed: its log_forget_quality against gold is the
    noise floor; None where it was not run. `finals` are in the order of the configuration's
    methods; a method without a feasible trial has none. `comparisons` are all pairs of finalists
    in every metric, the objective first: choose by `metric`.
    """

    original: Mapping[str, float]
    gold: Mapping[str, float]
    gold_again: Mapping[str, float] | None
    bounds: tuple[Bound, ...]
    finals: tuple[Final, ...]
    comparisons: tuple[Comparison, ...]
