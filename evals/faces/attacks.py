"""Attacks on unlearning: how well it can be told that a model has unlearned a picture.

U-LIRA and U-MIA (Hayes et al. 2024, arXiv 2403.01218) as in CLEAR's vision evaluation (arXiv
2410.18057, cv/attack.py). An attacker is right about a target model and a picture when they say
whether the picture was trained on, before it was unlearned: an accuracy of 1 is certainty, 0.5 a
guess. A picture counts half by the targets that were trained on it and half by the others; with as
many targets in either world, as published, that is the accuracy over all pairs of both.

Shapes: M models, N pictures, P pairs of both.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evals.faces.worlds import TINY, Floats, Mask, Part, Worlds

LEAST_DEVIATION = 1e-6
"""Of logits that are all alike, as clipped cosines are. With the published 1e-45, what differs from
them by its last bit would be infinitely unlike them."""
NORMAL_MAD = 0.6745
"""The median absolute deviation of a standard Gaussian."""
MAX_LEAVES = 256


@dataclass(frozen=True, slots=True)
class Accuracies:
    """U-MIA by its two attackers: logistic regression, which the paper reports, and a tree."""

    linear: float
    tree: float


def u_lira(worlds: Worlds) -> float:
    """Returns the accuracy of the likelihood ratio of each picture's shadows (`membership`)."""

    def says(part: Part, targets_MN: Floats) -> Mask:
        return membership(targets_MN, part.trained.shadows, part.other.shadows) > 0.5

    return _accuracy(worlds, says)


def u_mia(worlds: Worlds) -> Accuracies:
    """Returns the accuracies of attackers that see a logit without knowing of which picture it is.

    They learn from the shadows' logits of all pictures; the shadows of either world weigh the same.
    """
    from sklearn.linear_model import LogisticRegression  # slow to import
    from sklearn.tree import DecisionTreeClassifier

    known = _known(worlds)

    def accuracy(attacker: LogisticRegression | DecisionTreeClassifier) -> float:
        attacker.fit(known.logits_P[:, None], known.trained_P, sample_weight=known.weights_P)

        def says(_: Part, targets_MN: Floats) -> Mask:
            found_P: Mask = attacker.predict(targets_MN.reshape(-1, 1))
            return found_P.reshape(targets_MN.shape)

        return _accuracy(worlds, says)

    tree = DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=MAX_LEAVES, random_state=0)
    return Accuracies(accuracy(LogisticRegression()), accuracy(tree))


def membership(targets_MN: Floats, inside_MN: Floats, outside_MN: Floats) -> Floats:
    """Returns p_MN that a target was trained on a picture, by the Gaussians of both shadows.

        p = N_in / (N_in + N_out + 1e-45)

    with medians for means and `deviation` for deviations. What is far from both is not taken for
    trained on, since both densities vanish beside 1e-45. Densities are kept as logarithms, in which
    nothing overflows.
    """
    inside, outside = _log_density(targets_MN, inside_MN), _log_density(targets_MN, outside_MN)
    whole = np.logaddexp(np.logaddexp(inside, outside), np.log(TINY))
    return np.asarray(np.exp(inside - whole))


def deviation(values_MN: ArrayLike) -> Floats:
    """Returns the deviation of each column: its median absolute deviation / 0.6745."""
    values = np.asarray(values_MN, dtype=np.float64)
    return np.asarray(np.median(np.abs(values - np.median(values, axis=0)), axis=0) / NORMAL_MAD)


def _log_density(values_MN: Floats, shadows_MN: Floats) -> Floats:
    """Returns the log density of values under the Gaussian of each picture's shadows."""
    spread_N = np.maximum(deviation(shadows_MN), LEAST_DEVIATION)
    distance_MN = (values_MN - np.median(shadows_MN, axis=0)) / spread_N
    return np.asarray(-(distance_MN**2) / 2 - np.log(spread_N) - np.log(2 * np.pi) / 2)


def _accuracy(worlds: Worlds, says: Callable[[Part, Floats], Mask]) -> float:
    """Returns how often an attacker is right who `says` which targets were trained on."""
    right = 0.0
    for part in worlds.parts:
        hits = says(part, part.trained.targets).mean()
        alarms = says(part, part.other.targets).mean()
        right += part.num_pictures * float(hits + (1 - alarms)) / 2
    return right / len(worlds.forgotten_N)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Logits of pairs of a shadow and a picture, whether it was trained on it, and weights."""

    logits_P: Floats
    trained_P: Mask
    weights_P: Floats


def _known(worlds: Worlds) -> _Known:
    """Returns all that shadows show, each picture weighing the same in either world."""
    logits, trained, weights = [], [], []
    for part in worlds.parts:
        mean = (len(part.trained.shadows) + len(part.other.shadows)) / 2
        for world, is_trained in ((part.trained, True), (part.other, False)):
            found_MN = world.shadows
            logits.append(found_MN.ravel())
            trained.append(np.full(found_MN.size, is_trained))
            weights.append(np.full(found_MN.size, mean / len(found_MN)))
    return _Known(np.concatenate(logits), np.concatenate(trained), np.concatenate(weights))
