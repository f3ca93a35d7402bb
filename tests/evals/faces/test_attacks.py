"""Attacks are as published: sure where worlds lie far apart, guesses where they are alike."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from evals.faces.attacks import Accuracies, deviation, membership, u_lira, u_mia
from evals.faces.worlds import World, Worlds, logits
from tests.fixtures.golden import GOLDEN

CASE = GOLDEN["vision_ulira_scrubbio_misc"]
FORGOTTEN = np.array([True, True, True, False, False])
Values = NDArray[np.float64]


def planted(
    gap: float, *, targets: int = 8, shadows: int = 8, seed: int = 0, forgotten: Values = FORGOTTEN
) -> Worlds:
    """Logits of variance 1, `gap` higher where a picture was trained on."""
    rng = np.random.default_rng(seed)

    def world(trained_N: Values) -> World:
        size = len(trained_N)
        return World(
            gap * trained_N + rng.normal(size=(targets, size)),
            gap * trained_N + rng.normal(size=(shadows, size)),
        )

    return Worlds(world(forgotten), world(~forgotten), forgotten)


def column(*values: float) -> Values:
    return np.array(values)[:, None]


def test_deviations_and_memberships_are_the_published_codes() -> None:
    given, expected = CASE["inputs"], CASE["expected"]
    assert deviation(given["rms_input"]) == pytest.approx(expected["rms"], abs=CASE["tolerance"])
    names = ("targets", "shadow_in", "shadow_out")
    found = membership(*(column(*given[name]) for name in names))[:, 0]
    assert found == pytest.approx(expected["p_in"], abs=CASE["tolerance"])


def test_the_accuracy_is_the_published_one_over_all_pairs() -> None:
    worlds = planted(2.0)
    right = []
    both = ((worlds.forget, worlds.holdout, FORGOTTEN), (worlds.holdout, worlds.forget, ~FORGOTTEN))
    for trained, other, which_N in both:
        for n in np.flatnonzero(which_N):
            inside, outside = (
                norm(np.median(shadows_M), float(deviation(shadows_M)))
                for shadows_M in (trained.shadows[:, n], other.shadows[:, n])
            )
            for world, status in ((trained, True), (other, False)):
                for logit in world.targets[:, n]:
                    p_in, p_out = inside.pdf(logit), outside.pdf(logit)
                    right.append((p_in / (p_in + p_out + 1e-45) > 0.5) == status)
    assert len(right) == 5 * 16
    assert u_lira(worlds) == pytest.approx(np.mean(right), abs=1e-12)


def test_all_pictures_and_models_at_once_are_each_alone() -> None:
    rng = np.random.default_rng(4)
    targets, inside, outside = (rng.normal(size=(n, 6)) for n in (5, 9, 4))
    whole = membership(targets, inside, outside)
    for m, n in np.ndindex(5, 6):
        alone = membership(targets[m : m + 1, [n]], inside[:, [n]], outside[:, [n]])
        assert whole[m, n] == pytest.approx(alone.item(), rel=1e-14)


def test_worlds_that_lie_far_apart_are_told_for_certain() -> None:
    for worlds in (planted(100.0), planted(100.0, targets=4, shadows=17), planted(-100.0)):
        assert u_lira(worlds) == 1.0
        assert u_mia(worlds) == Accuracies(1.0, 1.0)


def test_worlds_that_are_the_same_are_guessed() -> None:
    same = np.random.default_rng(1).normal(size=(8, 5))
    for values in (same, np.zeros((8, 5)), logits(np.full((8, 5), -0.2)), logits(np.ones((8, 5)))):
        alike = Worlds(World(values, values), World(values, values), FORGOTTEN)
        assert u_lira(alike) == 0.5
        assert u_mia(alike) == Accuracies(0.5, 0.5)


def test_worlds_of_one_distribution_are_told_no_better_than_by_chance() -> None:
    found = [planted(0.0, targets=16, shadows=16, seed=seed) for seed in range(20)]
    assert np.mean([u_lira(worlds) for worlds in found]) == pytest.approx(0.5, abs=0.02)
    mia = [u_mia(worlds) for worlds in found]
    assert np.mean([each.linear for each in mia]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([each.tree for each in mia]) == pytest.approx(0.5, abs=0.02)


def test_half_of_a_gap_is_told_as_often_as_the_gaussians_allow() -> None:
    # Two deviations apart, the best rule is right with Phi(1) = 0.841.
    forgotten = np.arange(100) < 50
    worlds = planted(2.0, targets=64, shadows=256, forgotten=forgotten)
    assert u_lira(worlds) == pytest.approx(0.841, abs=0.01)
    assert u_mia(worlds).linear == pytest.approx(0.841, abs=0.01)


def test_each_picture_has_a_threshold_of_its_own_for_u_lira_alone() -> None:
    # Pictures differ by far more than training does.
    worlds = planted(20.0)
    level_N = 1000.0 * np.arange(5)
    worlds = Worlds(
        World(worlds.forget.targets + level_N, worlds.forget.shadows + level_N),
        World(worlds.holdout.targets + level_N, worlds.holdout.shadows + level_N),
        FORGOTTEN,
    )
    assert u_lira(worlds) == 1.0
    assert u_mia(worlds).linear < 0.7


def test_a_picture_alone_can_be_attacked() -> None:
    for alone in (np.array([True]), np.array([False])):
        worlds = planted(100.0, forgotten=alone)
        assert u_lira(worlds) == 1.0
        assert u_mia(worlds) == Accuracies(1.0, 1.0)


def test_unequal_numbers_of_models_leave_a_guess_at_a_half() -> None:
    constant = np.full((12, 5), -103.6)
    worlds = Worlds(World(constant, constant[:5]), World(constant[:4], constant), FORGOTTEN)
    assert u_lira(worlds) == 0.5
    assert u_mia(worlds) == Accuracies(0.5, 0.5)


def test_more_shadows_of_one_world_do_not_move_the_linear_threshold() -> None:
    whole = planted(4.0, targets=32, shadows=16)
    more = np.tile(whole.forget.shadows, (5, 1))
    other = Worlds(World(whole.forget.targets, more), whole.holdout, FORGOTTEN)
    assert u_mia(other).linear == pytest.approx(u_mia(whole).linear, abs=0.01)


def test_shadows_without_spread_decide_by_the_nearer_one_even_after_rounding() -> None:
    inside, outside = column(2.0, 2.0, 2.0, 2.0), column(1.0, 1.0, 1.0, 1.0)
    found = membership(column(2.0, 2.0 + 1e-12, 1.0 - 1e-12), inside, outside)[:, 0]
    assert found == pytest.approx([1.0, 1.0, 0.0])


def test_what_is_far_from_all_shadows_is_not_taken_for_trained_on() -> None:
    inside, outside = column(0.0, 1.0, 2.0, 3.0), column(4.0, 5.0, 6.0, 7.0)
    found = membership(column(-300.0, 300.0, 0.5), inside, outside)[:, 0]
    assert found[:2].tolist() == [0.0, 0.0]
    assert found[2] > 0.5
