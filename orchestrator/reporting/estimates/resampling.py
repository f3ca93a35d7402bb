"""Metrics on items drawn anew with replacement, the same draws for every model (paired bootstrap).

A metric that says how is computed for all draws at once; any other one by its own `compute` on
sheets that hold the drawn items, on fewer draws.
"""

import numpy as np

from evals.benchmark import Role
from evals.draws import Draws, Values, ordered, repeated
from evals.metric import load_metric
from evals.scores import ScoreSheet

NUM_SLOW_DRAWS = 100


def resampled(name: str, sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Values:
    """Returns the metric `name` of each draw; `sheet` and `gold` have the items of the draws.

    The gold model's items are drawn along, by their ids.

    Raises:
        ValueError: the metric cannot be computed, as for `Metric.compute`.
    """
    resampling = load_metric(name).resampling
    if resampling is None:
        return computed(name, sheet, gold, draws.first(NUM_SLOW_DRAWS))
    return resampling.values(ordered(sheet), None if gold is None else ordered(gold), draws)


def computed(name: str, sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Values:
    """Returns what `resampled` does for any metric: slowly, draw by draw."""
    compute = load_metric(name).compute
    ours, golds = ordered(sheet), None if gold is None else ordered(gold)
    return np.array(
        [
            compute(repeated(ours, draws, i), None if golds is None else repeated(golds, draws, i))
            for i in range(draws.num_draws)
        ]
    )


def num_items(name: str, sheet: ScoreSheet) -> int:
    """Returns the items of the smallest task that decides the metric `name`, of all if unsure."""
    resampling = load_metric(name).resampling
    roles = frozenset(Role) if resampling is None else resampling.roles
    return min(len(task.items) for task in sheet.tasks if task.role in roles)
