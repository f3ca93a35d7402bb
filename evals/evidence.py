"""How sure metrics are on the items that were scored, and what their guides say beside them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evals.draws import Values, drawn, ordered
from evals.metric import Metric, load_metric
from evals.scores import ScoreSheet

NUM_DRAWS = 200
"""Enough for a standard error to be right to a twentieth."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a model's metrics beside their values, each by the metric's name.

    `errors` are standard errors over items, of metrics that say how they are computed for many
    draws of them; `guides` are those of metrics that have one, `guide_errors` their own errors.
    """

    errors: Mapping[str, float] = field(default_factory=dict)
    guides: Mapping[str, float] = field(default_factory=dict)
    guide_errors: Mapping[str, float] = field(default_factory=dict)

    def updated(self, later: "Evidence") -> "Evidence":
        """Returns this with what `later` says in place of what it says of the same metrics."""
        return Evidence(
            {**self.errors, **later.errors},
            {**self.guides, **later.guides},
            {**self.guide_errors, **later.guide_errors},
        )


def evidence(sheet: ScoreSheet, gold: ScoreSheet | None, names: Sequence[str]) -> Evidence:
    """Returns what the sheets say beside the metrics `names`, which they give."""
    loaded = {name: load_metric(name) for name in names}
    guides = {
        name: metric.guide(sheet, gold)
        for name, metric in loaded.items()
        if metric.guide is not None
    }
    errors = _errors(loaded, sheet, gold)
    return Evidence(
        errors,
        {name: found.value for name, found in guides.items()},
        {name: found.error for name, found in guides.items()},
    )


def _errors(
    metrics: Mapping[str, Metric], sheet: ScoreSheet, gold: ScoreSheet | None
) -> dict[str, float]:
    """Returns the metrics' standard deviations over items drawn anew, the same ones for all."""
    draws = drawn(sheet, seed=0, num_draws=NUM_DRAWS)
    ours, golds = ordered(sheet), None if gold is None else ordered(gold)
    return {
        name: _spread(metric.resampling.values(ours, golds, draws))
        for name, metric in metrics.items()
        if metric.resampling is not None
    }


def _spread(values: Values) -> float:
    return float(np.std(values, ddof=1)) if np.isfinite(values).all() else math.nan
