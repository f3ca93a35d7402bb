"""A training is called lost when it is sure to end beyond a bound, and never before."""

import math

import pytest

from trainers.guard import Guard, Limit, Reading, verdict

FLOOR = Limit(metric="retain", side="at_least", value=0.72, whole=0.8, recovery=1.0)
CEILING = Limit(metric="mia", side="at_most", value=0.6, whole=0.5, recovery=1.0)
# The one-sided 99 % quantile of the normal distribution is 2.326.


def guard(*limits: Limit, patience: int = 1, every: int = 5) -> Guard:
    return Guard(every=every, items=8, confidence=0.99, patience=patience, limits=limits)


def reading(value: float, *, left: float, error: float = 0.0, step: int = 5) -> Reading:
    return Reading(step, 20, left, {"retain": value, "mia": value}, {"retain": error, "mia": error})


@pytest.mark.parametrize(
    ("value", "error", "left", "lost"),
    [
        (0.70, 0.0, 0.0, True),  # below the floor, and nothing is left to win it back with
        (0.70, 0.01, 0.0, False),  # 0.70 + 2.326 x 0.01 = 0.723
        (0.70, 0.01, 0.1, False),
        (0.40, 0.0, 0.5, True),  # 0.4 + 0.5 x (0.8 - 0.4) = 0.6
        (0.65, 0.0, 0.5, False),  # 0.65 + 0.5 x (0.8 - 0.65) = 0.725
        (0.0, 0.0, 0.91, False),  # 0.91 x 0.8 = 0.728
        (0.0, 0.0, 0.89, True),  # 0.89 x 0.8 = 0.712
        (0.9, 0.0, 0.0, False),
    ],
)
def test_a_floor_grants_what_the_learning_rate_that_is_left_may_win_back(
    value: float, error: float, left: float, lost: bool
) -> None:
    assert bool(verdict(guard(FLOOR), [reading(value, left=left, error=error)])) == lost


def test_a_ceiling_is_a_floor_mirrored() -> None:
    assert verdict(guard(CEILING), [reading(0.9, left=0.5)])  # 0.9 - 0.5 x 0.4 = 0.7
    assert not verdict(guard(CEILING), [reading(0.65, left=0.5)])  # 0.575
    assert not verdict(guard(CEILING), [reading(0.61, left=0.0, error=0.01)])
    assert not verdict(guard(CEILING), [reading(0.3, left=0.0)])


def test_without_recovery_what_is_beyond_the_bound_is_lost() -> None:
    strict = FLOOR.model_copy(update={"recovery": 0.0})
    assert verdict(guard(strict), [reading(0.71, left=1.0)])


def test_it_takes_several_probes_in_a_row() -> None:
    careful = guard(FLOOR, patience=2)
    lost, fine = reading(0.1, left=0.3), reading(0.75, left=0.3)
    assert not verdict(careful, [])
    assert not verdict(careful, [lost])
    assert not verdict(careful, [lost, fine, lost])
    assert verdict(careful, [fine, lost, lost])


def test_two_limits_broken_in_turn_are_not_one_broken_twice() -> None:
    one = Reading(5, 20, 0.0, {"retain": 0.1, "mia": 0.5}, {"retain": 0.0, "mia": 0.0})
    other = Reading(10, 20, 0.0, {"retain": 0.8, "mia": 0.9}, {"retain": 0.0, "mia": 0.0})
    assert not verdict(guard(FLOOR, CEILING, patience=2), [one, other])


def test_a_metric_that_is_no_number_is_lost_at_any_rate() -> None:
    assert verdict(guard(FLOOR), [reading(math.nan, left=1.0)])


def test_an_error_without_end_never_stops_a_training() -> None:
    assert not verdict(guard(FLOOR), [reading(0.0, left=0.0, error=math.inf)])


def test_readings_of_another_guard_say_nothing() -> None:
    assert not verdict(guard(FLOOR), [Reading(5, 20, 0.0, {"real": 0.0}, {"real": 0.0})])


def test_the_verdict_names_step_metric_value_and_bound() -> None:
    said = verdict(guard(FLOOR), [reading(0.31, left=0.2, error=0.02, step=15)])
    assert said == ("stopped at step 15 of 20: retain 0.310 (+- 0.020), sure to end below 0.720")


def test_probes_are_due_every_so_many_steps_but_not_at_the_end() -> None:
    assert [step for step in range(1, 21) if guard(FLOOR).is_due(step, 20)] == [5, 10, 15]


def test_guards_are_told_apart_by_all_that_decides() -> None:
    hashes = {guard(FLOOR).hash, guard(CEILING).hash, guard(FLOOR, patience=2).hash}
    assert len(hashes) == 3
    assert guard(FLOOR).hash == guard(FLOOR).hash
