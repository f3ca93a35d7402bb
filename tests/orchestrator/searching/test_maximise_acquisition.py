"""A proposal is the best place there is, and a setting of the space."""

import numpy as np
import pytest

from orchestrator.searching.acquisition import Improvement, Seen
from orchestrator.searching.known_outcomes import KnownOutcomes
from orchestrator.searching.maximise_acquisition import propose
from orchestrator.searching.signals import Signals
from orchestrator.searching.space import SearchChoices, SearchRange, holds
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube

PLAIN = {"lr": SearchRange(low=1e-5, high=1e-3), "l1": SearchRange(low=1e-3, high=1.0)}
MIXED = {
    **PLAIN,
    "term": SearchChoices(choices=("none", "nll", "kl")),
    "layer": SearchRange(low=1, high=9, log=False, integer=True, when={"term": ("kl",)}),
}


def seen(cube, num, *, seed=0):
    """Trials whose objective is best at 0.7 of the first parameter, and bound by the second."""
    points = cube.settle(np.random.default_rng(seed).random((num, len(cube.is_choice_D))), {})
    return Seen(
        points_ND=points,
        values_N=-((points[:, 0] - 0.7) ** 2),
        violations_NC=points[:, 1:2] - 0.5,
        running_RD=points[:0],
    )


def test_no_place_of_a_fine_lattice_promises_more() -> None:
    cube = Cube(PLAIN)
    trials = seen(cube, 9)
    proposed = cube.places([propose(trials, cube=cube, part={}, seed=0)])
    improvement = Improvement(trials, cube.is_choice_D)
    axis = np.linspace(0, 1, 101)
    lattice = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    assert improvement.log_at(proposed)[0] > improvement.log_at(lattice).max() - 0.01


@pytest.mark.parametrize("space", [PLAIN, MIXED], ids=["plain", "mixed"])
def test_a_proposal_is_a_setting_and_follows_from_what_was_seen_and_the_seed(space) -> None:
    cube = Cube(space)
    proposed = [propose(seen(cube, 12), cube=cube, part={}, seed=seed) for seed in range(3)]
    assert all(holds(space, setting) for setting in proposed)
    assert proposed == [propose(seen(cube, 12), cube=cube, part={}, seed=s) for s in range(3)]


def test_what_is_given_is_kept_to_the_last_digit() -> None:
    cube = Cube(MIXED)
    part = {"lr": 1.23456789e-4, "term": "kl"}
    proposed = propose(seen(cube, 12), cube=cube, part=part, seed=0)
    assert (proposed["lr"], proposed["term"]) == (1.23456789e-4, "kl")
    assert holds(MIXED, proposed)


def test_the_better_choice_is_made() -> None:
    cube = Cube(MIXED)
    trials = seen(cube, 24)
    is_nll = np.isclose(trials.points_ND[:, 2], 0.5)
    better = Seen(
        points_ND=trials.points_ND,
        values_N=trials.values_N + is_nll,
        violations_NC=trials.violations_NC,
        running_RD=trials.running_RD,
    )
    assert propose(better, cube=cube, part={}, seed=0)["term"] == "nll"


def test_what_is_known_is_not_proposed_unless_there_is_nothing_else() -> None:
    cube = Cube(PLAIN)

    def idle_at(**params):
        trial = Tried(0, params, Ending.MEASURED, signals=Signals(idle=True))
        return KnownOutcomes([trial], PLAIN)

    trials = seen(cube, 9)
    best = propose(trials, cube=cube, part={}, seed=0)
    corner = idle_at(lr=best["lr"] * 1.1, l1=best["l1"] / 1.1)
    assert corner.holds(cube.places([best])).all()
    elsewhere = [propose(trials, cube=cube, part={}, seed=s, known=corner) for s in range(4)]
    assert not corner.holds(cube.places(elsewhere)).any()
    everything = idle_at(lr=1e-3, l1=1e-3)
    assert holds(PLAIN, propose(trials, cube=cube, part={}, seed=0, known=everything))
