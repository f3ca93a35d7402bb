from dataclasses import replace

import pytest

from orchestrator.reporting.charts.boundary import MIN_TRIALS, boundary
from orchestrator.searching.constraints import Bound

BOUNDS = (Bound("retain", "at_least", 0.7),)


def grid(fakes, retain_at, *, num=4):
    """Trials at lr 1e-5 ... and l1 1e-3 ..., a decade apart."""
    return [
        fakes.trial("ga", num * i + j, lr=10 ** (i - 5), l1=10 ** (j - 3), retain=retain_at(i, j))
        for i in range(num)
        for j in range(num)
    ]


def test_the_boundary_lies_where_the_interpolated_violation_is_zero(fakes):
    # Retain falls by 0.2 a decade of lr, 0.9 at 1e-5: 0.7 is met at 1e-4, 0.72 a tenth before.
    trials = grid(fakes, lambda i, j: 0.92 - 0.2 * i)
    segments = boundary(trials, BOUNDS)
    assert segments
    ends = [end for segment in segments for end in (segment.start, segment.end)]
    assert [x for x, _ in ends] == pytest.approx([-3.9] * len(ends))
    assert {round(min(y for _, y in ends)), round(max(y for _, y in ends))} == {-3, 0}


def test_it_stays_within_the_trials_hull(fakes):
    trials = grid(fakes, lambda i, j: 0.92 - 0.2 * i)
    for segment in boundary(trials, BOUNDS):
        for x, y in (segment.start, segment.end):
            assert -5 <= x <= -2
            assert -3 - 1e-9 <= y <= 1e-9


def test_of_several_bounds_it_is_the_first_that_breaks(fakes):
    both = (*BOUNDS, Bound("forget", "at_most", 0.25))
    trials = [
        fakes.trial(
            "ga", i, lr=10 ** (i // 4 - 5), l1=10 ** (i % 4 - 3), forget=f, retain=0.9, bounds=both
        )
        for i in range(16)
        for f in [0.2 if i // 4 < 2 else 0.35]
    ]
    # From -0.2 to 0.4 of the bound between lr 1e-4 and 1e-3: a third of the way.
    xs = [x for segment in boundary(trials, both) for x, _ in (segment.start, segment.end)]
    assert xs == pytest.approx([-4 + 1 / 3] * len(xs))


def few(fakes):
    return grid(fakes, lambda i, j: 0.9 - 0.4 * i, num=2)


def one_sided(fakes):
    return grid(fakes, lambda i, j: 0.9)


def hardly_two_sided(fakes):
    return grid(fakes, lambda i, j: 0.1 if i == j == 0 else 0.9)


def in_a_line(fakes):
    return [
        fakes.trial("ga", i, lr=10 ** (-5 + i / 2), l1=1e-2, retain=0.9 - 0.2 * i) for i in range(8)
    ]


def without_l1(fakes):
    return [fakes.trial("ga", i, lr=10 ** (i / 9 - 5), l1=0.0, retain=i / 9) for i in range(9)]


@pytest.mark.parametrize("trials", [few, one_sided, hardly_two_sided, in_a_line, without_l1])
def test_trials_that_do_not_tell_have_no_boundary(trials, fakes):
    assert boundary(trials(fakes), BOUNDS) == ()


def test_failed_trials_and_a_sweep_without_bounds_tell_nothing(fakes):
    lost = [fakes.failed("ga", i, "lost") for i in range(2 * MIN_TRIALS)]
    assert boundary(lost, BOUNDS) == ()
    assert boundary(grid(fakes, lambda i, j: 0.9 - 0.2 * i), ()) == ()


def test_a_triangle_that_is_nearly_a_line_says_nothing(fakes):
    # All on lr = l1 but for a hair, and one far away that makes no difference to them.
    trials = [
        fakes.trial(
            "ga", i, lr=10 ** (i - 7), l1=10 ** (i - 7 + 1e-3 * (i % 2)), retain=0.9 - 0.1 * i
        )
        for i in range(7)
    ]
    assert boundary(trials, BOUNDS) == ()


def test_trials_that_were_stopped_early_do_not_shape_it(fakes):
    trials = grid(fakes, lambda i, j: 0.92 - 0.2 * i)
    early = [
        replace(each, result=replace(each.result, stopped="early")) if not each.feasible else each
        for each in trials
    ]
    assert boundary(trials, BOUNDS)
    assert boundary(early, BOUNDS) == ()
