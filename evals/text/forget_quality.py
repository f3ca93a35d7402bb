"""How alike the unlearned model and the gold model look on the forget set.

The gold model never saw the forget set. Both are described by their truth ratios R_i there;
a two-sample Kolmogorov-Smirnov test asks whether they could be the same distribution
(TOFU, arXiv 2401.06121, section 2.2.2).
"""

import functools
import math
from collections.abc import Callable, Sequence
from itertools import zip_longest

import numpy as np
from scipy.special import gammaln, logsumexp, rel_entr, softmax

from evals.benchmark import Role
from evals.draws import Draws, Resampling
from evals.scores import ScoreSheet
from evals.text.components import Floats, items_of, log_truth_ratios
from evals.text.scores import ItemScore

LEVEL = 0.05
"""A test that cannot give a p-value below this tells nothing."""


def joined_forget_items(
    sheet: ScoreSheet, gold: ScoreSheet | None
) -> tuple[Sequence[ItemScore], Sequence[ItemScore]]:
    """Returns the forget items of both sheets, sorted by id so that the i-th ones correspond.

    Raises:
        ValueError: no gold sheet, an empty forget set, or the ids differ (the first
            difference is named).
    """
    if gold is None:
        raise ValueError("forget quality must be given the gold model's scores but got none")
    ours = sorted(items_of(sheet, Role.FORGET), key=_id)
    theirs = sorted(items_of(gold, Role.FORGET), key=_id)
    for mine, other in zip_longest(map(_id, ours), map(_id, theirs)):
        if mine != other:
            raise ValueError(
                "forget items must be the same in the model's and the gold model's scores but "
                f"differ first at {mine!r} against {other!r}; score both on one forget set"
            )
    return ours, theirs


def log_ks_pvalue(first: Floats, second: Floats) -> float:
    """Returns ln p of the exact two-sided two-sample Kolmogorov-Smirnov test.

    The same p as scipy.stats.ks_2samp with method "exact", but in logs, so that it neither
    underflows nor loses digits: two disjoint samples of 300 give ln(2 / C(600, 300)) = -411.
    NaN anywhere gives NaN. Source: Hodges, Arkiv foer Matematik 3 (1958), 469-486.
    """
    if np.isnan(first).any() or np.isnan(second).any():
        return float("nan")
    n, m = first.size, second.size
    distance = _largest_gap(first, second)
    if distance == 0:
        return 0.0
    if n == m:
        return min(0.0, _log_outside_square(n, distance // n))
    return min(0.0, _log_outside(n, m, distance))


def too_few_to_tell(sheet: ScoreSheet) -> str:
    """Says so if no truth ratios of so few items could be told from the gold model's; else empty.

    The smallest p of n items against n is 2 / C(2n, n): 1 for one, 1/3 for two, 0.029 for four.
    """
    num_items = sum(len(task.items) for task in sheet.by_role(Role.FORGET))
    smallest = min(1.0, 2 / math.comb(2 * num_items, num_items))
    if smallest < LEVEL:
        return ""
    items = "forget item" + "s" * (num_items != 1)
    return f"with {num_items} {items} the test's smallest p-value is {smallest:.2g}"


def js_distance(log_first: Floats, log_second: Floats) -> float:
    """Returns the Jensen-Shannon distance of two vectors of positive weights, given as their logs.

    Each is divided by its sum; natural logs, at most sqrt(ln 2). NaN anywhere gives NaN.
    """
    p, q = softmax(log_first), softmax(log_second)
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2
    return math.sqrt(max(0.0, divergence)) if not np.isnan(divergence) else math.nan


def resampled_as(scale: Callable[[Floats], Floats]) -> Resampling:
    """Returns how a metric is drawn that is `scale` of ln p, p of the test between truth ratios."""

    def values(sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Floats:
        return scale(_log_p_values(sheet, gold, draws))

    return Resampling(frozenset({Role.FORGET}), values)


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


def _id(item: ItemScore) -> str:
    return item.id


def _largest_gap(first: Floats, second: Floats) -> int:
    """Returns n m D, D the largest distance between the two empirical distributions: an integer."""
    n, m = first.size, second.size
    if not n or not m:
        raise ValueError("the Kolmogorov-Smirnov test of an empty sample is undefined")
    points = np.concatenate([first, second])
    below_first = np.searchsorted(np.sort(first), points, side="right")
    below_second = np.searchsorted(np.sort(second), points, side="right")
    return int(np.abs(below_first * m - below_second * n).max())


def _log_outside_square(n: int, h: int) -> float:
    """Returns ln P(n D >= h) for two samples of n.

    P = 2 sum_{k >= 1} (-1)^(k-1) C(2n, n - k h) / C(2n, n), nested as
    2 A_1 (1 - A_2 (1 - A_3 ...)) with A_k = C(2n, n - k h) / C(2n, n - (k - 1) h), so that
    nothing large is subtracted.
    """
    steps = np.arange(n // h + 1) * h
    log_binomials = -gammaln(n - steps + 1) - gammaln(n + steps + 1)
    log_factors = np.diff(log_binomials)
    nested = 0.0
    for factor in np.exp(log_factors[:0:-1]):
        nested = factor * (1 - nested)
    return math.log(2) + float(log_factors[0]) + math.log1p(-nested)


def _log_outside(n: int, m: int, distance: int) -> float:
    """Returns ln P(n m D >= distance) for samples of n and m, by walking all lattice paths.

    A path draws from the pooled sample without putting back; the first time that
    |m x - n y| reaches `distance` its probability is taken out and added to the result.
    """
    x = np.arange(n + 1)
    log_inside = np.where(x == 0, 0.0, -np.inf)
    hits: list[float] = []
    with np.errstate(divide="ignore"):
        for drawn in range(n + m):
            y = drawn - x
            left = n + m - drawn
            to_first = log_inside + np.log(np.clip(n - x, 0, None) / left)
            to_second = log_inside + np.log(np.clip(m - y, 0, None) / left)
            log_inside = np.logaddexp(to_second, np.concatenate([[-np.inf], to_first[:-1]]))
            outside = np.abs(m * x - n * (drawn + 1 - x)) >= distance
            hits.append(float(logsumexp(log_inside[outside])) if outside.any() else -math.inf)
            log_inside[outside] = -np.inf
    return float(logsumexp(hits))
