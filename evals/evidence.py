"""How sure metrics are on the items that were scored, and what their guides say beside them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evals.draws import Draws, Values, drawn, ordered, same_items
from evals.metric import Metric, load_metric
from evals.scores import ScoreSheet

NUM_DRAWS = 200
"""Enough for a standard error to be right to a twentieth."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a model's metrics beside their values, each by the metric's name.

    `errors` are standard errors over items, of metrics that say how they are computed for many
    draws of them; `guides` are those of metrics that have one, `guide_errors` their own errors.
    `with_original` are the covariances over these draws with the same metric of the model that
    trainings start from.
    """

    errors: Mapping[str, float] = field(default_factory=dict)
    guides: Mapping[str, float] = field(default_factory=dict)
    guide_errors: Mapping[str, float] = field(default_factory=dict)
    with_original: Mapping[str, float] = field(default_factory=dict)

    def updated(self, later: "Evidence") -> "Evidence":
        """Returns this with what `later` says in place of what it says of the same metrics."""
        return Evidence(
            {**self.errors, **later.errors},
            {**self.guides, **later.guides},
            {**self.guide_errors, **later.guide_errors},
            {
                **{n: v for n, v in self.with_original.items() if n not in later.errors},
                **later.with_original,
            },
        )

    def error_beside(self, original: "Evidence", name: str, *, times: float) -> float:
        """Returns the standard error of a metric less so many `times` the original's.

        That of the metric itself where the covariance is not known; NaN where nothing is.
        """
        own = self.errors.get(name, math.nan)
        shared, its = self.with_original.get(name, math.nan), original.errors.get(name, math.nan)
        variance = own**2 - 2 * times * shared + times**2 * its**2
        return math.sqrt(max(0.0, variance)) if math.isfinite(variance) else own


def evidence(
    sheet: ScoreSheet,
    gold: ScoreSheet | None,
    names: Sequence[str],
    *,
    original: ScoreSheet | None = None,
) -> Evidence:
    """Returns what the sheets say beside the metrics `names`, which they give.

    The `original` counts if it has scores of the same items.
    """
    loaded = {name: load_metric(name) for name in names}
    guides = {
        name: metric.guide(sheet, gold)
        for name, metric in loaded.items()
        if metric.guide is not None
    }
    draws = drawn(sheet, seed=0, num_draws=NUM_DRAWS)
    own = _values(loaded, sheet, gold, draws)
    its: Mapping[str, Values] = {}
    if original is not None and same_items([sheet, original]):
        its = _values(loaded, original, gold, draws)
    return Evidence(
        {name: _spread(values) for name, values in own.items()},
        {name: found.value for name, found in guides.items()},
        {name: found.error for name, found in guides.items()},
        {name: _covariance(own[name], values) for name, values in its.items()},
    )


def _values(
    metrics: Mapping[str, Metric],
    sheet: ScoreSheet,
    gold: ScoreSheet | None,
    draws: Draws,
) -> dict[str, Values]:
    """Returns the metrics over items drawn anew, the same ones for all."""
    ours, golds = ordered(sheet), None if gold is None else ordered(gold)
    return {
        name: metric.resampling.values(ours, golds, draws)
        for name, metric in metrics.items()
        if metric.resampling is not None
    }


def _spread(values: Values) -> float:
    return float(np.std(values, ddof=1)) if np.isfinite(values).all() else math.nan


def _covariance(some: Values, others: Values) -> float:
    if not (np.isfinite(some).all() and np.isfinite(others).all()):
        return math.nan
    return float(np.cov(some, others)[0, 1])
