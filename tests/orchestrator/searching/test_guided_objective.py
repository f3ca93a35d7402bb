"""The objective is looked for where the guide is likely to be 0, ties or none."""

import math

import numpy as np
import pytest

from orchestrator.searching.expected_improvement import log_improvement
from orchestrator.searching.guided_objective import GuidedObjective, Guides

X = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
PLACES = np.linspace(0, 1, 201)[:, None]


def made(values, guides, *, points=X, ceiling=0.0, running=()):
    return GuidedObjective(
        points[:, None],
        np.asarray(values, dtype=float),
        Guides(np.asarray(guides, dtype=float), np.zeros(len(points)), ceiling),
        running_RD=np.array(running, dtype=float).reshape(-1, 1),
        is_choice_D=np.array([False]),
    )


def best_place(objective, best):
    found = objective.log_gains(PLACES, [best])[0]
    assert np.isfinite(found).all()
    return float(PLACES[np.argmax(found), 0])


def test_among_ties_it_is_looked_for_between_undershoot_and_overshoot() -> None:
    # All trials measure the same; the guide is 0 at 0.62.
    objective = made(np.full(5, -5.0), 5 * (0.62 - X))
    assert best_place(objective, -5.0) == pytest.approx(0.62, abs=0.03)


def test_where_all_undershoot_it_is_looked_for_further_on() -> None:
    assert best_place(made(np.full(5, -5.0), 2.0 - X), -5.0) > 0.9


def test_far_from_the_best_it_is_not_looked_for_beside_the_nearest_trial() -> None:
    # Guides of 2.1 that differ by a hundredth: nothing that is known reaches anywhere near 0.
    points = np.array([0.3, 0.5])
    objective = made(np.full(2, -5.0), [2.12, 2.11], points=points)
    assert abs(best_place(objective, -5.0) - 0.5) > 0.05


def test_of_settings_with_the_same_guide_the_rest_decides() -> None:
    # The guide is 0.5 everywhere; what is left rises with x.
    objective = made(-5.0 + 2 * X, np.full(5, 0.5))
    assert best_place(objective, float(objective.mean(X[:, None]).max())) > 0.8


def test_what_is_believed_is_the_link_at_the_believed_guide() -> None:
    guides = 4 * (0.5 - X)
    objective = made(-2 * np.abs(guides), guides)
    assert objective.mean(np.array([[0.4], [0.6]])) == pytest.approx([-0.8, -0.8], abs=0.25)
    assert objective.mean(np.array([[0.5]]))[0] > -0.1


@pytest.mark.parametrize("at", [0.6, 0.66])
def test_the_gain_is_the_expectation_over_guide_and_rest(at: float) -> None:
    objective = made([-5.0, -4.0, -3.0, -2.5, -4.5], [3.0, 2.0, 1.0, -0.5, -2.0])
    place, best = np.array([[at]]), -2.5
    dice = np.random.default_rng(0)
    mean, spread = objective._guide.predict(place)
    picks = dice.choice(len(mean), p=objective._guide.weights_S, size=40_000)
    guides = mean[picks, 0] + spread[picks, 0] * dice.normal(size=len(picks))
    rest, wide = objective._rest.predict(place)
    weights = objective._rest.weights_S
    middle = float(weights @ rest[:, 0])
    error = math.sqrt(weights @ (wide[:, 0] ** 2 + (rest[:, 0] - middle) ** 2))
    z = (objective._link.at(np.abs(guides)) + middle - best) / error
    expected = float(np.mean(np.exp(log_improvement(z)) * error))
    assert objective.log_gains(place, [best])[0][0] == pytest.approx(math.log(expected), abs=0.1)


def test_trials_without_a_guide_say_nothing_of_it() -> None:
    guides = np.where(X > 0.8, np.nan, 5 * (0.62 - X))
    assert best_place(made(np.full(5, -5.0), guides), -5.0) == pytest.approx(0.62, abs=0.05)


def test_what_runs_is_believed_so_that_the_spread_there_is_small() -> None:
    there = np.array([[0.3], [0.45]])
    alone, crowded = (
        made(np.full(5, -5.0), 5 * (0.62 - X), running=r)._guide.predict(there)[1][0]
        for r in ([], [0.45])
    )
    assert crowded[1] < alone[1]
