"""What a metric is: a pure function of score sheets with declared needs and bounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evals import plugins
from evals.benchmark import Role
from evals.scores import ScoreSheet

PACKAGE = "evals.metrics"


class Need(StrEnum):
    """What a metric cannot do without."""

    GOLD = "gold"
    GENERATION = "generation"
    HOLDOUT = "holdout"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a model.

    `compute(sheet, gold)` gets the model's sheet and, if GOLD is needed, the gold model's.
    It raises ValueError on an empty set; NaN in the scores gives NaN, never a made-up number.
    `bounds` are the values a worst and a best scorer cannot leave. `better` says which
    direction is better ("higher", "lower"), or "gold": close to the gold model's value.
    `generates` narrows GENERATION to the tasks of these roles; empty means all but HOLDOUT.
    `probe` are the roles whose likelihoods alone decide the metric, so that a few items of theirs
    can say in the middle of a training how it stands; empty where that is not so.
    """

    compute: Callable[[ScoreSheet, ScoreSheet | None], float]
    bounds: tuple[float, float]
    better: str
    needs: frozenset[Need] = frozenset()
    generates: frozenset[Role] = frozenset()
    probe: frozenset[Role] = frozenset()

    @property
    def generation_roles(self) -> frozenset[Role]:
        """The roles whose items must carry a generation; empty without Need.GENERATION."""
        if Need.GENERATION not in self.needs:
            return frozenset()
        return self.generates or frozenset(Role) - {Role.HOLDOUT}


def load_metric(name: str, *, key: str = "metrics") -> Metric:
    """Returns `METRIC` of `evals/metrics/<name>.py`; an unknown name is a ConfigError."""
    metric = plugins.load(PACKAGE, name, key=key).METRIC
    assert isinstance(metric, Metric), name
    return metric


def measurable(names: Sequence[str], *, has_gold: bool) -> tuple[str, ...]:
    """Returns the metrics of `names` that can be computed with what is known."""
    return tuple(n for n in names if has_gold or Need.GOLD not in load_metric(n).needs)
