"""Candidates are tried one after another until one keeps its bounds under other seeds."""

import itertools
import random
from dataclasses import replace

import pytest

from orchestrator.results.race import Race, Run, Verdict
from orchestrator.searching.constraints import Bound

FLOOR = Bound("retain", "at_least", 0.7)
SEEDS = (8, 9, 10)


def missed(by: float) -> Run:
    return Run({FLOOR.name: by})


def race(*candidates: int, spare: int = 3, **runs) -> Race:
    """`c3=[-0.1, 0.2]` are what candidate 3 missed the floor by, seed by seed."""
    found = {
        (int(name[1:]), seed): by if isinstance(by, Run) else missed(by)
        for name, all_by in runs.items()
        for seed, by in zip(SEEDS, all_by, strict=False)
    }
    return Race(candidates, SEEDS, spare, (FLOOR,), found)


def test_the_first_candidate_begins_with_one_seed_and_goes_on_where_that_keeps_the_bounds() -> None:
    assert race(5, 3).wanted == ((5, 8),)
    assert race(5, 3, c5=[-0.1]).wanted == ((5, 9), (5, 10))
    done = race(5, 3, c5=[-0.1, -0.1, -0.1])
    assert (done.wanted, done.standing, done.tried) == ((), (5,), (5,))


def test_one_that_breaks_a_bound_at_once_is_replaced() -> None:
    found = race(5, 3, c5=[0.1])
    assert (found.wanted, found.tried) == (((3, 8),), (5, 3))
    assert race(5, 3, c5=[0.1], c3=[-0.1] * 3).standing == (3,)


def test_one_that_breaks_a_bound_in_the_mean_is_replaced() -> None:
    assert race(5, 3, c5=[-0.1, 0.3, 0.1]).wanted == ((3, 8),)
    assert race(5, 3, c5=[-0.1, 0.3, -0.3]).standing == (5,), "one seed of several may miss it"


def test_another_begins_while_the_runs_left_suffice_for_all_its_seeds() -> None:
    broke_late = [-0.1, 0.3, 0.3]
    assert race(5, 3, spare=2, c5=broke_late).wanted == ()
    assert race(5, 3, spare=3, c5=broke_late).wanted == ((3, 8),)
    assert race(5, 3, 1, spare=1, c5=[0.1], c3=[0.1]).tried == (5, 3)
    assert race(5, 3, spare=0, c5=[0.1]).tried == (5,)


def test_the_last_turn_is_the_safest_candidates() -> None:
    def tried(*, spare: int, **runs) -> tuple[int, ...]:
        return replace(race(1, 2, 3, 4, spare=spare, **runs), safest=4).tried

    broken = {"c1": [0.1], "c2": [0.1]}
    assert tried(spare=3, **broken) == (1, 2, 3)
    assert tried(spare=2, **broken) == (1, 2, 4), "after that no other could begin"
    assert tried(spare=0) == (1,), "the only turn is the best one's"
    assert tried(spare=3, c1=[-0.1, 0.3, 0.3]) == (1, 4)
    assert replace(race(1, 2, spare=1, c1=[0.1]), safest=1).tried == (1, 2)


def test_where_all_break_the_nearest_is_run_under_all_seeds_and_stands() -> None:
    found = race(5, 3, c5=[0.3], c3=[0.1])
    assert (found.standing, found.wanted) == ((3,), ((3, 9), (3, 10)))
    done = race(5, 3, c5=[0.3], c3=[0.1, 0.2, -0.9])
    assert (done.standing, done.wanted, done.tried) == ((3,), (), (5, 3))


def test_a_run_that_failed_by_itself_breaks_and_one_that_was_lost_says_nothing() -> None:
    destroyed, lost = Run(None), Run(None, excused=True)
    assert race(5, 3, c5=[destroyed]).wanted == ((3, 8),)
    assert race(5, 3, c5=[lost]).wanted == ((5, 9), (5, 10))
    assert race(5, 3, c5=[lost, -0.1, -0.1]).verdict(5) is Verdict.HOLDS
    assert race(5, 3, c5=[lost, lost, lost]).verdict(5) is Verdict.BREAKS
    assert race(5, c5=[destroyed]).standing == (5,)


def test_without_candidates_nothing_stands_and_nothing_is_wanted() -> None:
    assert (race().standing, race().wanted, race().tried) == ((), (), ())


@pytest.mark.parametrize("spare", range(5))
def test_no_race_takes_more_runs_than_are_reserved_and_every_race_ends(spare: int) -> None:
    for by in itertools.product((-0.1, 0.1, 0.3), repeat=4):
        found = replace(race(1, 2, 3, 4, spare=spare), safest=3)
        while found.wanted:
            number, seed = found.wanted[0]
            found.runs[number, seed] = missed(by[(number + seed) % 4] + 0.01 * number)
        assert len(found.runs) <= len(SEEDS) + spare
        assert len(found.standing) == 1
        assert all((found.standing[0], seed) in found.runs for seed in SEEDS)


def test_of_several_places_as_many_stand_and_race_at_once() -> None:
    found = replace(race(5, 3, 1), places=2)
    assert (found.standing, found.wanted) == ((5, 3), ((5, SEEDS[0]), (3, SEEDS[0])))
    found.runs[5, SEEDS[0]] = missed(0.1)
    assert found.standing == (3, 1), "the next takes the place of the one that broke a bound"
    assert found.tried == (5, 3, 1)


def test_of_several_places_those_stay_empty_for_which_nobody_is_left() -> None:
    found = replace(race(5, 3, c5=[-0.1] * 3, c3=[0.1]), places=2)
    assert (found.standing, found.wanted) == ((5,), ())


@pytest.mark.parametrize("spare", range(4))
def test_no_race_for_two_places_takes_more_than_is_reserved_in_whatever_order_runs_end(
    spare: int,
) -> None:
    dice = random.Random(spare)
    for by in itertools.product((-0.1, 0.1, 0.3), repeat=4):
        found = replace(race(1, 2, 3, 4, spare=spare), safest=3, places=2)
        while found.wanted:
            number, seed = dice.choice(found.wanted)
            found.runs[number, seed] = missed(by[(number + seed) % 4] + 0.01 * number)
            assert {number for number, _ in found.runs} <= {*found.tried}
        assert len(found.runs) <= found.num_runs == 2 * len(SEEDS) + spare
        assert 1 <= len(found.standing) <= 2
        assert all((one, seed) in found.runs for one in found.standing for seed in SEEDS)
