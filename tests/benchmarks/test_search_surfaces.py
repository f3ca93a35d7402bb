"""The optimum that a surface states is the one that looking everywhere finds."""

import math

import numpy as np
import pytest
import search_surfaces
from scipy.stats import ks_2samp
from search_surfaces import lattice, log_p

ANALYTIC = ("easy", "floor", "narrow", "noisy", "heavy")


def everywhere(surface, num=700):
    x, y = lattice(num)
    return x, y, surface.truth(x, y)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("anywhere", [False, True])
def test_the_stated_optimum_is_feasible_and_nothing_feasible_is_better(
    name, seed, anywhere
) -> None:
    surface = getattr(search_surfaces, name)(seed, anywhere=anywhere)
    x, y = surface.where
    assert 0 < x < 1
    assert 0 < y < 1
    # One step inside the floor, on which the optimum may lie.
    near = surface.truth(np.float64(x - 1e-9), np.float64(y))
    assert near.feasible
    assert near.objective == pytest.approx(surface.best, abs=1e-6)
    _, _, found = everywhere(surface)
    best = found.objective[found.feasible].max()
    assert best <= surface.best + 1e-9
    assert surface.gap(best) < 0.01


def test_an_optimum_that_may_be_anywhere_is_all_over_the_space() -> None:
    places = np.array([search_surfaces.easy(seed, anywhere=True).where for seed in range(200)])
    assert places.min() > 0.1
    assert places.max() < 0.9
    assert (np.histogram2d(*places.T, bins=3, range=[[0.1, 0.9]] * 2)[0] > 10).all()


@pytest.mark.parametrize("seed", range(3))
def test_where_forgetting_goes_on_beyond_the_floor_the_optimum_is_on_it(seed) -> None:
    for surface in (search_surfaces.floor(seed), search_surfaces.narrow(seed)):
        at_best = surface.truth(*(np.float64(share) for share in surface.where))
        assert at_best.violations["retain.at_least"] == pytest.approx(0, abs=1e-12)
        _, _, found = everywhere(surface)
        assert found.objective.max() > surface.best + 2


def test_the_sliver_is_a_sliver_and_the_easy_optimum_keeps_away_from_the_floor() -> None:
    sliver, easy = search_surfaces.narrow(0), search_surfaces.easy(0)
    assert everywhere(sliver)[2].feasible.mean() < 0.03
    at_best = easy.truth(*(np.float64(share) for share in easy.where))
    assert at_best.violations["retain.at_least"] < -0.05


def test_the_heavy_tail_runs_from_nearly_0_to_nearly_minus_400() -> None:
    tails = [everywhere(search_surfaces.heavy(seed))[2].objective for seed in range(3)]
    assert max(tail.max() for tail in tails) > -1
    assert min(tail.min() for tail in tails) < -350


def test_ln_p_is_that_of_the_test_itself() -> None:
    values = log_p(300)
    ordered = np.arange(300.0)
    for below in (15, 60, 150):
        tested = ks_2samp(ordered, ordered + below - 0.5, method="exact")
        assert tested.statistic == pytest.approx(below / 300)
        assert values[below] == pytest.approx(math.log(tested.pvalue), rel=1e-6)
    # 2 / C(600, 300): all of one side lie below all of the other.
    disjoint = math.log(2) - math.log(math.comb(600, 300))
    assert (values[0], values[300]) == (0, pytest.approx(disjoint))


def test_noise_is_that_of_the_trial_and_leaves_the_truth_alone() -> None:
    surface = search_surfaces.noisy(0)
    seen = [surface.see(0.5, 0.5, number).objective for number in range(200)]
    assert surface.see(0.5, 0.5, 3).objective == seen[3]
    truth = float(surface.truth(np.float64(0.5), np.float64(0.5)).objective)
    assert np.std(seen) > 0.1
    assert np.median(seen) == pytest.approx(truth, abs=3 * np.std(seen) / math.sqrt(200))
