"""A training is called lost when it is sure to end beyond a bound, and never before."""

import math
from collections.abc import Sequence

import pytest

from trainers.early_stopping import Guard, Limit, Reading, verdict

FLOOR = Limit(metric="retain", side="at_least", value=0.72, whole=0.8, recovery=1.0)
CEILING = Limit(metric="mia", side="at_most", value=0.6, whole=0.5, recovery=1.0)
# The one-sided 99 % quantile of Student's t with 7 degrees of freedom is 2.998.


def guard(*limits: Limit, patience: int = 1, every: int = 5) -> Guard:
    return Guard(every=every, items=8, confidence=0.99, patience=patience, limits=limits)


def reading(value: float, *, left: float, error: float = 0.0, step: int = 5) -> Reading:
    return Reading(step, 20, left, {"retain": value, "mia": value}, {"retain": error, "mia": error})


def course(values: Sequence[float], *, left: float = 0.0, start: int = 5) -> list[Reading]:
    return [reading(v, left=left, step=start + i) for i, v in enumerate(values)]


@pytest.mark.parametrize(
    ("value", "error", "left", "lost"),
    [
        (0.69, 0.0, 0.0, True),  # below the floor, and nothing is left to win it back with
        (0.69, 0.011, 0.0, False),  # 0.69 + 2.998 x 0.011 = 0.723
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
    # From 0.9 to 0.8 in a step; 14 more of these would reach the ceiling, one would not.
    assert not verdict(guard(CEILING), course([0.9, 0.8]))
    assert verdict(guard(CEILING), course([0.9, 0.8], start=18))


def test_a_metric_that_rises_fast_enough_to_return_is_not_lost() -> None:
    # Step 6 of 20, and 0.02 a step: 0.32 + 14 x 0.02 = 0.6; with 0.03, 0.33 + 0.42 = 0.75.
    assert verdict(guard(FLOOR), course([0.30, 0.32]))
    assert not verdict(guard(FLOOR), course([0.30, 0.33]))
    assert verdict(guard(FLOOR), course([0.33, 0.30]))


def test_without_recovery_what_is_beyond_the_bound_is_lost() -> None:
    strict = FLOOR.model_copy(update={"recovery": 0.0})
    assert verdict(guard(strict), [reading(0.71, left=1.0)])


def test_a_training_that_never_sees_what_it_retains_is_granted_no_recovery() -> None:
    hopeless = guard(FLOOR, patience=3).without_recovery
    assert hopeless.patience == 2
    assert verdict(hopeless, course([0.7, 0.7], left=0.9))
    assert not verdict(hopeless, course([0.7], left=0.9))
    assert not verdict(hopeless, course([0.70, 0.71], left=0.9)), "0.71 + 14 x 0.01 = 0.85"
    assert guard(FLOOR, patience=1).without_recovery.patience == 1


def test_it_takes_several_probes_in_a_row() -> None:
    careful = guard(FLOOR, patience=2)
    assert not verdict(careful, [])
    assert not verdict(careful, course([0.1]))
    assert not verdict(careful, course([0.1, 0.75, 0.1]))
    assert verdict(careful, course([0.75, 0.1, 0.1]))


def test_two_limits_broken_in_turn_are_not_one_broken_twice() -> None:
    one = Reading(18, 20, 0.0, {"retain": 0.1, "mia": 0.5}, {"retain": 0.0, "mia": 0.0})
    other = Reading(19, 20, 0.0, {"retain": 0.8, "mia": 0.9}, {"retain": 0.0, "mia": 0.0})
    assert not verdict(guard(FLOOR, CEILING, patience=2), [one, other])


def test_a_metric_that_is_no_number_is_lost_at_any_rate() -> None:
    assert verdict(guard(FLOOR), [reading(math.nan, left=1.0)])


def test_an_error_without_end_never_stops_a_training() -> None:
    assert not verdict(guard(FLOOR), [reading(0.0, left=0.0, error=math.inf)])


def test_readings_of_another_guard_say_nothing() -> None:
    assert not verdict(guard(FLOOR), [Reading(5, 20, 0.0, {"real": 0.0}, {"real": 0.0})])
    mixed = [Reading(5, 20, 0.0, {"real": 0.0}, {"real": 0.0}), *course([0.1], start=18)]
    assert verdict(guard(FLOOR), mixed)


def test_the_verdict_names_step_metric_value_and_bound() -> None:
    said = verdict(guard(FLOOR), [reading(0.31, left=0.2, error=0.02, step=15)])
    assert said == "stopped at step 15 of 20: retain 0.310 (+- 0.020), sure to end below 0.720"


def test_probes_are_due_every_so_many_steps_and_half_as_often_while_all_is_well() -> None:
    assert [step for step in range(1, 8) if guard(FLOOR).is_due(step, [])] == [5, 6, 7]
    well, near = reading(0.79, left=0.5), reading(0.75, left=0.5)
    assert not guard(FLOOR).is_due(9, [near])
    assert guard(FLOOR).is_due(10, [near])
    assert not guard(FLOOR).is_due(14, [well])
    assert guard(FLOOR).is_due(15, [well])
    assert guard(FLOOR, CEILING).is_due(10, [well]), "0.79 is no good for the other limit"


def test_guards_are_told_apart_by_all_that_decides() -> None:
    hashes = {guard(FLOOR).hash, guard(CEILING).hash, guard(FLOOR, patience=2).hash}
    assert len(hashes) == 3
    assert guard(FLOOR).hash == guard(FLOOR).hash
