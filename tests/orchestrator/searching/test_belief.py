"""A trial is believed as far as the others bear it out."""

import math

import pytest
from scipy.stats import norm

from orchestrator.searching.belief import Belief, beliefs, worths
from orchestrator.searching.objective_scale import signed_root
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import Signals
from orchestrator.searching.space import SearchRange
from orchestrator.searching.tried import Ending, Tried

SPACE = {"lr": SearchRange(low=1.0, high=9.0, log=False)}
BOUND = "retain"


def trial(
    number: int | None, *, missed: float, value: float = -4.0, error: float = 0.01, **told
) -> Tried:
    signals = Signals(violation_errors={BOUND: error}, **told)
    place = {"lr": 1.0 + (number or 0)}
    return Tried(number, place, Ending.MEASURED, signed_root(value), {BOUND: missed}, signals)


def found(tried: list[Tried], *, num_runs: int = 1) -> dict[int, Belief]:
    return beliefs(tried, space=SPACE, settings=SearchSettings(), num_runs=num_runs)


def line(**changed: float) -> list[Tried]:
    """Nine trials; a whole of lr costs 0.02, and the bound is kept up to 5.5."""
    return [trial(n, missed=changed.get(f"at{n}", 0.02 * (n - 4.5))) for n in range(9)]


def test_a_trial_alone_and_the_next_training_are_as_unsure_as_each_other() -> None:
    assert found([trial(0, missed=0.0, error=0.1)])[0].chance == pytest.approx(0.5)
    once = found([trial(0, missed=-0.2, error=0.1)])[0]
    assert once.chance == pytest.approx(norm.cdf(2 / 2**0.5))
    assert once.objective == pytest.approx(-4.0)
    several = found([trial(0, missed=-0.2, error=0.1)], num_runs=4)[0]
    assert several.chance == pytest.approx(norm.cdf(2 / 1.25**0.5))


def test_every_bound_counts() -> None:
    signals = Signals(violation_errors={"a": 0.1, "b": 0.1})
    both = Tried(0, {"lr": 1.0}, Ending.MEASURED, 0.0, {"a": -0.2, "b": -0.1}, signals)
    expected = norm.cdf(2 / 2**0.5) * norm.cdf(1 / 2**0.5)
    assert found([both])[0].chance == pytest.approx(expected)


@pytest.mark.parametrize("number", [2, 9])
def test_where_no_error_is_known_what_was_measured_is_believed(number) -> None:
    tried = [trial(n, missed=0.02 * (n - 4.5), value=-n, error=0.0) for n in range(number)]
    for n, belief in found(tried).items():
        assert belief.chance == (1.0 if n < 5 else 0.0)
        assert belief.objective == pytest.approx(-n)


def test_luck_among_worse_ones_is_believed_less_than_the_same_among_its_like() -> None:
    lucky, plain = found(line(at5=-0.01), num_runs=3), found(line(), num_runs=3)
    assert found(line(at5=-0.01)[5:6], num_runs=3)[5].chance > 0.8
    assert lucky[5].chance < 0.65
    assert plain[4].chance == pytest.approx(norm.cdf(1.0 / (1 / 3) ** 0.5), abs=0.12)
    assert plain[0].chance > 0.99 > 0.01 > plain[8].chance


def test_more_runs_are_surer_on_either_side() -> None:
    one, many = found(line()), found(line(), num_runs=25)
    assert one[4].chance < many[4].chance
    assert many[5].chance < one[5].chance < 0.5


def test_an_objective_is_smoothed_where_its_error_is_known() -> None:
    def values(error: float) -> list[float]:
        tried = [
            trial(n, missed=-1.0, value=(-0.5 if n == 6 else -n - 1.0), objective_error=error)
            for n in range(9)
        ]
        return [belief.objective for belief in found(tried).values()]

    assert values(0.0)[6] == pytest.approx(-0.5)
    assert -7.5 < values(4.0)[6] < -2.0


def test_trials_of_other_sweeps_say_something_and_are_not_asked_about() -> None:
    others = [trial(None, missed=0.5, error=0.01), *line()]
    assert set(found(others)) == set(range(9))
    assert found(others)[0].chance < found(line())[0].chance


def test_models_that_were_destroyed_say_nothing() -> None:
    destroyed = [Tried(9 + n, {"lr": 5.0 + n}, Ending.COLLAPSED) for n in range(3)]
    few = [trial(n, missed=-0.1, value=-n, objective_error=0.3) for n in range(5)]
    assert found([*few, *destroyed]) == found(few)
    assert found(destroyed) == {}


def test_the_order_in_which_trials_are_told_says_nothing() -> None:
    told = line(at5=-0.01)
    assert found(told[::-1]) == found(told)


def test_a_trial_without_a_guide_or_an_error_among_others_is_believed_as_it_was_measured() -> None:
    guided = [
        trial(n, missed=-0.1, value=-n - 1.0, guide=0.1 * n, guide_error=0.02) for n in range(8)
    ]
    bare = trial(8, missed=0.001, value=-0.5, error=0.0)
    belief = found([*guided, bare])[8]
    assert belief.objective == pytest.approx(-0.5)
    assert belief.chance == 0.0


def test_worth_is_the_gain_as_a_share_of_the_most_times_the_chance_up_to_what_is_asked() -> None:
    some = [Belief(-1.0, 0.5), Belief(-5.0, 0.99), Belief(-9.0, 1.0), Belief(-10.0, 0.8)]
    ranked = worths(some, start=-9.0, sign=1, probability=0.9)
    assert ranked == [(0.5, 0.5), (0.45, 0.9), (0.0, 0.9), (0.0, 0.8)]
    fewer = worths([Belief(1.0, 0.5), Belief(3.0, 1.0)], start=5.0, sign=-1, probability=0.9)
    assert fewer == [(0.5, 0.5), (0.45, 0.9)]


def test_without_a_finite_start_the_chance_alone_counts() -> None:
    ranked = worths([Belief(-1.0, 0.5), Belief(-5.0, 0.7)], start=math.nan, sign=1, probability=0.9)
    assert ranked == [(0.5, 0.5), (0.7, 0.7)]
    assert worths([], start=0.0, sign=1, probability=0.9) == []


def test_what_differs_in_the_last_digits_is_equal() -> None:
    near = [Belief(-1.0, 0.5), Belief(-1.0 + 1e-9, 0.5 - 1e-9)]
    one, other = worths(near, start=-9.0, sign=1, probability=0.9)
    assert one == other
    flat = [Belief(-9.0 + 1e-15, 0.5), Belief(-9.0 - 1e-15, 0.9)]
    assert worths(flat, start=-9.0, sign=1, probability=0.9) == [(0.0, 0.5), (0.0, 0.9)]
