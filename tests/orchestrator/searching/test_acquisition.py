"""The improvement that is promised is the expected one, within the bounds."""

import math
from dataclasses import replace

import numpy as np

from orchestrator.searching.acquisition import Improvement, Seen

PLACES = np.linspace(0, 1, 101)[:, None]


def seen(points, values, violations, running=()):
    return Seen(
        points_ND=np.array(points)[:, None],
        values_N=np.array(values, dtype=float),
        violations_NC=np.array(violations, dtype=float).reshape(len(points), -1),
        running_RD=np.array(running, dtype=float).reshape(-1, 1),
    )


def best_place(of):
    found = Improvement(of, np.array([False])).log_at(PLACES)
    assert np.isfinite(found).all()
    return float(PLACES[np.argmax(found), 0])


X = np.array([0.05, 0.25, 0.45, 0.65, 0.85])


def test_without_bounds_the_improvement_is_looked_for_uphill() -> None:
    assert best_place(seen(X, X, np.zeros((5, 0)))) > 0.9


def test_a_bound_holds_it_back_to_where_it_is_likely_kept() -> None:
    assert 0.45 < best_place(seen(X, X, X - 0.55)) < 0.6
    # The second bound decides.
    assert 0.2 < best_place(seen(X, X, np.stack([X - 0.55, X - 0.35], axis=1))) < 0.4


def test_while_nothing_is_feasible_the_bounds_alone_are_looked_at() -> None:
    assert best_place(seen(X, X, 0.95 - X)) > 0.9


def test_where_noise_leaves_nothing_sure_it_looks_within_the_margins_that_were_seen() -> None:
    # Every trial kept the bound, none by as much as a standard error; three quarters of the largest
    # margin, 0.029, are left at 0.41, and the edges are what is least known.
    noisy = replace(
        seen(X, X, 0.02 * X - 0.03), violation_errors_NC=np.full((5, 1), 0.05), probability=0.9
    )
    assert 0.25 < best_place(noisy) < 0.45


def test_what_runs_is_believed_and_promises_little_more() -> None:
    place = best_place(seen(X, X, X - 0.55))
    there = np.array([[place]])
    alone, crowded = (
        Improvement(seen(X, X, X - 0.55, running=of), np.array([False])).log_at(there)[0]
        for of in ([], [place])
    )
    assert crowded < alone - math.log(5)


def test_the_best_is_what_is_believed_and_not_what_noise_made_of_it() -> None:
    points = np.concatenate([np.full(10, 0.3), [0.1, 0.5, 0.7, 0.9]])
    values = np.concatenate([[5.0], np.zeros(9), [-1, -1, -2, -3]])
    found = Improvement(seen(points, values, np.zeros((14, 0))), np.array([False]))
    assert found._best < 2.5
