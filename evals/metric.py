"""What a metric is: a pure function of score sheets with declared needs and bounds."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from evals import plugins
from evals.benchmark import Role, Task
from evals.draws import Resampling
from evals.estimate import Estimate
from evals.scores import ScoreSheet, TaskScores

PACKAGE = "evals.metrics"


class Need(StrEnum):
    """What a metric cannot do without."""

    GOLD = "gold"
    GENERATION = "generation"
    HOLDOUT = "holdout"
    REAL = "real"
    """Questions of general knowledge."""


class Aspect(StrEnum):
    """What a metric may sum up in one number; in this order such metrics come first in tables."""

    REAL = "real"
    RETAIN = "retain"
    FORGET = "forget"
    GOLD = "gold"
    """How alike the model and the gold model are."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a model, and all that is to be known of it.

    `compute(sheet, gold)` gets the model's sheet and, if GOLD is needed, the gold model's.
    It raises ValueError on an empty set; NaN in the scores gives NaN, never a made-up number.
    `bounds` are the values a worst and a best scorer cannot leave. `better` says which
    direction is better ("higher", "lower"), or "gold": close to the gold model's value.
    `suite` is the one whose scores it reads, None where any will do.
    `tasks` are the tasks of role AUXILIARY that it reads, by name.
    `generates` narrows GENERATION to the tasks of these roles; empty means FORGET, RETAIN and REAL.
    Of role AUXILIARY only those of `tasks` are meant.
    `probe` are the roles whose likelihoods alone decide the metric, so that a few items of theirs
    can say in the middle of a training how it stands; empty where that is not so.

    `chance` is what a model gets that finds all answers equally likely, None where that depends on
    more. A model that falls below the share `collapse_share` of what the original had is destroyed
    and does not come back; None where the metric does not tell. `gold_quantile` is the value that
    5 % of all gold models fall below by chance alone, None where it is not known.

    `heading` names it in tables and `short` in a line of progress; `load_metric` puts its name for
    both where they are empty. `note` says what it is in a few words, and so does the first line of
    its file where it is empty. It is shown with `digits` decimal places. `sums_up` is the aspect of
    a model that it sums up, if it is the metric to look at first. `resampling` says how it is
    computed for many draws of items at once; None: sheet by sheet. `blind_on` says why it can tell
    nothing of any model on a sheet's items, too few of them perhaps; empty where it can.

    `guide(sheet, gold)` says of a metric that moves in steps how far the model is from where the
    metric is best, and on which side: 0 there, the further from 0 the worse, and without steps. A
    search follows it where the metric itself does not change; it never ranks by it alone. None
    where the metric is guide enough.
    """

    compute: Callable[[ScoreSheet, ScoreSheet | None], float]
    bounds: tuple[float, float]
    better: str
    suite: str | None = None
    needs: frozenset[Need] = frozenset()
    tasks: frozenset[str] = frozenset()
    generates: frozenset[Role] = frozenset()
    probe: frozenset[Role] = frozenset()
    chance: float | None = None
    collapse_share: float | None = None
    gold_quantile: float | None = None
    heading: str = ""
    short: str = ""
    note: str = ""
    digits: int = 3
    sums_up: Aspect | None = None
    resampling: Resampling | None = None
    blind_on: Callable[[ScoreSheet], str] | None = None
    guide: Callable[[ScoreSheet, ScoreSheet | None], Estimate] | None = None

    @property
    def generation_roles(self) -> frozenset[Role]:
        """The roles whose items must carry a generation; empty without Need.GENERATION."""
        if Need.GENERATION not in self.needs:
            return frozenset()
        return self.generates or frozenset({Role.FORGET, Role.RETAIN, Role.REAL})

    def reads_generations(self, task: Task | TaskScores) -> bool:
        """Returns whether it reads what a model writes for the items of a task."""
        if task.role == Role.AUXILIARY and task.name not in self.tasks:
            return False
        return task.role in self.generation_roles


def load_metric(name: str, *, key: str = "metrics") -> Metric:
    """Returns `METRIC` of `evals/metrics/<name>.py` with its texts filled in.

    Raises:
        ConfigError: there is no such metric.
    """
    module = plugins.load(PACKAGE, name, key=key)
    metric = module.METRIC
    assert isinstance(metric, Metric), name
    return replace(
        metric,
        heading=metric.heading or name,
        short=metric.short or name.replace("_", " "),
        note=metric.note or first_line(module.__doc__),
    )


def collapse_metrics(suite: str | None) -> tuple[str, ...]:
    """Returns the metrics that tell of a destroyed model by the scores of `suite`."""
    found = {name: load_metric(name) for name in plugins.names(PACKAGE)}
    return tuple(
        name
        for name, metric in found.items()
        if metric.collapse_share is not None and metric.suite == suite
    )


def measurable(names: Sequence[str], *, has_gold: bool) -> tuple[str, ...]:
    """Returns the metrics of `names` that can be computed with what is known."""
    return tuple(n for n in names if has_gold or Need.GOLD not in load_metric(n).needs)


def first_line(doc: str | None) -> str:
    """Returns the first line of a docstring, without its full stop."""
    return inspect.cleandoc(doc or "").partition("\n")[0].rstrip(".")
