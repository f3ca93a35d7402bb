"""Metrics on items drawn anew with replacement, the same draws for every model (paired bootstrap).

A metric whose definition is known here is computed from what it needs of each item, all draws at
once; any other one by its own `compute` on sheets that hold the drawn items, on fewer draws.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.benchmark import Role
from evals.metric import load_metric
from evals.scores import ScoreSheet, TaskScores
from evals.text.components import (
    Component,
    Floats,
    arithmetic_truth_ratio,
    choice_probability,
    log_truth_ratios,
    prob_mean_truth_ratio,
    probability,
    rouge,
    truth_ratio,
)
from evals.text.forget_quality import joined_forget_items, log_ks_pvalue

Counts = NDArray[np.int64]
Parts = Mapping[Role, Sequence[Component]]
"""The components of every task of a role; a metric is their harmonic mean."""

NUM_DRAWS = 1000
NUM_SLOW_DRAWS = 100
LIKELIHOOD = (probability, truth_ratio)
TEXT = (rouge, probability, truth_ratio)
ARITHMETIC = (rouge, probability, arithmetic_truth_ratio)
MEANS: Mapping[str, Parts] = {
    "real": {Role.REAL: LIKELIHOOD},
    "real_with_rouge": {Role.REAL: TEXT},
    "retain": {Role.RETAIN: LIKELIHOOD},
    "retain_with_rouge": {Role.RETAIN: TEXT},
    "forget": {Role.FORGET: TEXT},
    "forget_no_rouge": {Role.FORGET: LIKELIHOOD},
    "model_utility": {Role.REAL: TEXT, Role.RETAIN: TEXT},
    "model_utility_no_rouge": {Role.REAL: LIKELIHOOD, Role.RETAIN: LIKELIHOOD},
    "model_utility_arithmetic": {Role.REAL: ARITHMETIC, Role.RETAIN: ARITHMETIC},
    "forget_probability": {Role.FORGET: (probability,)},
    "forget_probability_choice": {Role.FORGET: (choice_probability,)},
    "forget_rouge": {Role.FORGET: (rouge,)},
    "forget_truth_ratio": {Role.FORGET: (truth_ratio,)},
    "forget_truth_ratio_arithmetic": {Role.FORGET: (arithmetic_truth_ratio,)},
    "forget_truth_ratio_prob_mean": {Role.FORGET: (prob_mean_truth_ratio,)},
    "retain_probability": {Role.RETAIN: (probability,)},
    "retain_probability_choice": {Role.RETAIN: (choice_probability,)},
    "retain_rouge": {Role.RETAIN: (rouge,)},
    "retain_truth_ratio": {Role.RETAIN: (truth_ratio,)},
    "retain_truth_ratio_arithmetic": {Role.RETAIN: (arithmetic_truth_ratio,)},
    "retain_truth_ratio_prob_mean": {Role.RETAIN: (prob_mean_truth_ratio,)},
}
LOG_P_VALUES: Mapping[str, Callable[[Floats], Floats]] = {
    "log_forget_quality": np.asarray,
    "log10_forget_quality": lambda log_p: log_p / math.log(10),
    "forget_quality_ks": np.exp,
}


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each draw holds each item: by task, draws x items in the order of their ids."""

    counts: Mapping[str, Counts]

    @property
    def few(self) -> "Draws":
        """The first of them, for what is slow."""
        return Draws({name: counts[:NUM_SLOW_DRAWS] for name, counts in self.counts.items()})

    def num_items(self, name: str, sheet: ScoreSheet) -> int:
        """Returns the items of the smallest task that the metric `name` reads, of all if unsure."""
        roles = {Role.FORGET} if name in LOG_P_VALUES else set(MEANS.get(name, Role))
        return min(len(task.items) for task in sheet.tasks if task.role in roles)


def drawn(sheet: ScoreSheet, *, seed: int, num_draws: int = NUM_DRAWS) -> Draws:
    """Returns draws of as many items as each task has, with replacement; `seed` decides all."""
    rng = np.random.default_rng(seed)
    tasks = sorted((task for task in sheet.tasks if task.items), key=lambda task: task.name)
    sizes = {task.name: len(task.items) for task in tasks}
    return Draws(
        {name: rng.multinomial(n, np.full(n, 1 / n), size=num_draws) for name, n in sizes.items()}
    )


def resampled(name: str, sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Floats:
    """Returns the metric `name` of each draw; `sheet` and `gold` have the items of the draws.

    The gold model's items are drawn along, by their ids.

    Raises:
        ValueError: the metric cannot be computed, as for `Metric.compute`.
    """
    ordered = _ordered(sheet)
    if name in MEANS:
        return _harmonic_means(ordered, MEANS[name], draws)
    if name in LOG_P_VALUES:
        return LOG_P_VALUES[name](_log_p_values(ordered, gold, draws))
    return computed(name, ordered, None if gold is None else _ordered(gold), draws.few)


def computed(name: str, sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Floats:
    """Returns what `resampled` does for any metric: slowly, draw by draw."""
    compute = load_metric(name).compute
    num_draws = len(next(iter(draws.counts.values())))
    return np.array(
        [
            compute(_repeated(sheet, draws, i), None if gold is None else _repeated(gold, draws, i))
            for i in range(num_draws)
        ]
    )


def same_items(sheets: Sequence[ScoreSheet]) -> bool:
    """Returns whether all sheets have the same tasks with the same items."""
    seen = [{task.name: {item.id for item in task.items} for task in s.tasks} for s in sheets]
    return all(tasks == seen[0] for tasks in seen)


def _ordered(sheet: ScoreSheet) -> ScoreSheet:
    tasks = (
        replace(task, items=tuple(sorted(task.items, key=lambda item: item.id)))
        for task in sheet.tasks
    )
    return ScoreSheet(tuple(tasks))


def _repeated(sheet: ScoreSheet, draws: Draws, index: int) -> ScoreSheet:
    """Returns the sheet with each item as often as the draw has it."""

    def repeated(task: TaskScores) -> TaskScores:
        if not task.items:
            return task
        counts = draws.counts[task.name][index]
        pairs = zip(task.items, counts, strict=True)
        return replace(task, items=tuple(item for item, count in pairs for _ in range(count)))

    return ScoreSheet(tuple(map(repeated, sheet.tasks)))


def _harmonic_means(sheet: ScoreSheet, parts: Parts, draws: Draws) -> Floats:
    """Returns the harmonic mean of the parts, each a mean over the items drawn of its task."""
    means = []
    for role, wanted in parts.items():
        for task in sheet.by_role(role):
            counts = draws.counts[task.name]
            for component in wanted:
                values = np.array([component(replace(task, items=(i,))) for i in task.items])
                means.append(counts @ values / len(values))
    with np.errstate(divide="ignore"):  # a mean of 0 makes the harmonic mean 0
        return np.asarray(len(means) / np.sum(1 / np.array(means), axis=0), dtype=np.float64)


def _log_p_values(sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Floats:
    """Returns ln p of the Kolmogorov-Smirnov test between model and gold, for each draw.

    Over the pooled ratios in order, the items drawn count +1 for the model and -1 for gold; the
    largest running sum, where a run of equal ratios ends, is n times the largest distance.
    """
    ours, golds = (log_truth_ratios(items) for items in joined_forget_items(sheet, gold))
    tasks = sheet.by_role(Role.FORGET)
    counts = np.concatenate([draws.counts[task.name] for task in tasks], axis=1)
    counts = counts[:, np.argsort([i.id for task in tasks for i in task.items], kind="stable")]
    n = len(ours)
    pooled = np.concatenate([ours, golds])
    if np.isnan(pooled).any():
        return np.full(len(counts), math.nan)
    order = np.argsort(pooled, kind="stable")
    steps = counts[:, order % n] * np.where(order < n, 1, -1)
    ends = np.append(pooled[order][1:] != pooled[order][:-1], True)
    gaps = np.abs(np.cumsum(steps, axis=1)[:, ends]).max(axis=1)
    log_p: Floats = _log_p_table(n)[gaps]
    return log_p


@functools.lru_cache(maxsize=8)
def _log_p_table(n: int) -> Floats:
    """Returns ln p of two samples of n whose distributions are 0/n, 1/n, ... n/n apart."""
    apart = [np.where(np.arange(n) < gap, 1.0, 0.0) for gap in range(n + 1)]
    return np.array([log_ks_pvalue(np.zeros(n), second) for second in apart])
