import math
from dataclasses import replace

from orchestrator.reporting.figures.points import (
    best_points,
    final_points,
    front_corners,
    labels_of,
    points_of,
    short,
    subtitle,
    trials_of,
)
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import axes_of
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase

SEARCH = SearchSettings()
AXES = axes_of(SEARCH)


def entry(label, retain, quality, *, phase=Phase.TRIAL, state=State.DONE, forget=0.5):
    job = any_job(phase)
    metrics = {"retain": retain, "forget": forget, "log_forget_quality": quality}
    result = Result(job, state, "", metrics, {}, 1.0, (), 0.0)
    ranked = phase == Phase.TRIAL and state == State.DONE
    return Entry(label, result, 0, {}, {"retain.at_least": 0.7 - retain} if ranked else None)


ENTRIES = [
    entry("gold", 0.79, 0.0, phase=Phase.GOLD),
    entry("original", 0.78, -61.0, phase=Phase.ORIGINAL),
    entry("npo", 0.75, -9.0),
    entry("npo", 0.72, -3.0),
    entry("npo", 0.30, -0.5),
    entry("ga", 0.10, -200.0),
    entry("rmu", 0.9, -1.0, state=State.FAILED),
]


def where(named):
    return [(one.title, one.x, one.y) for one in named]


def test_only_what_was_measured_is_a_point():
    odd = [entry("kl", 0.8, math.nan), entry("kl", 0.8, -math.inf)]
    labels = [point.entry.label for point in points_of([*ENTRIES, *odd], AXES)]
    assert labels == ["gold", "original", "npo", "npo", "npo", "ga"]


def test_baselines_are_no_trials():
    assert {point.entry.label for point in trials_of(points_of(ENTRIES, AXES))} == {"npo", "ga"}


def test_a_method_of_which_nothing_was_measured_still_has_a_label():
    assert labels_of(ENTRIES) == ["ga", "npo", "rmu"]


def test_the_baselines_and_the_best_feasible_trials_have_names():
    named = best_points(points_of(ENTRIES, AXES), SEARCH)
    assert where(named) == [("Gold", 0.79, 0.0), ("Original", 0.78, -61.0), ("npo", 0.72, -3.0)]


def test_the_front_runs_from_left_to_right_over_trials_only():
    corners = front_corners(trials_of(points_of(ENTRIES, AXES)), AXES)
    assert corners == [(0.30, -0.5), (0.72, -3.0), (0.75, -9.0)]


def test_a_trial_that_was_stopped_is_not_on_the_front():
    early = entry("ga", 0.78, -0.1)
    stopped = replace(early, result=replace(early.result, stopped="stopped at step 3 of 9"))
    corners = front_corners(trials_of(points_of([*ENTRIES, stopped], AXES)), AXES)
    assert corners == [(0.30, -0.5), (0.72, -3.0), (0.75, -9.0)]


def test_finalists_stand_for_their_methods_with_intervals_beside_their_own_baselines(fakes):
    finals = fakes.finals(
        fakes.final("npo", 1, retain=0.75, quality=-4.0, rank=1),
        fakes.final("ga", 0, retain=0.71, quality=-9.0, rank=None, num_runs=0),
    )
    named = list(final_points(finals, AXES))
    assert where(named) == [("Original", 0.78, -30.5), ("Gold", 0.79, 0.0), ("npo", 0.75, -4.0)]
    assert named[-1].across == (0.6875, 0.8125)
    assert named[-1].up == (-4.0625, -3.9375)


def test_an_interval_that_is_not_known_is_not_drawn(fakes):
    final = fakes.final("npo", 1, retain=0.75, quality=-4.0, rank=1)
    unknown = replace(final.metrics["retain"], low=math.nan, high=math.nan)
    finals = fakes.finals(replace(final, metrics={**final.metrics, "retain": unknown}))
    assert [*final_points(finals, AXES)][-1].across is None


def test_a_long_label_is_cut_in_the_middle():
    assert short("a" * 24) == "a" * 24
    assert short("a" * 12 + "b" * 13) == "a" * 12 + "\u2026" + "b" * 11


def test_variants_of_a_method_are_told_apart_where_they_are_cut():
    assert short("gd_entropy_clip_no_l1", 14) == "gd_entr\u2026_no_l1"
    assert short("gd_entropy_clip_xx", 14) == "gd_entr\u2026lip_xx"


def test_where_less_is_better_the_front_is_below():
    axes = axes_of(SearchSettings(objective="forget"))
    pair = [entry("npo", 0.7, 0.0, forget=0.2), entry("npo", 0.6, 0.0, forget=0.4)]
    assert front_corners(points_of(pair, axes), axes) == [(0.7, 0.2)]


def test_the_subtitle_counts_and_says_what_is_feasible():
    bounds = [Bound("retain", "at_least", 0.7), Bound("forget", "at_most", 0.25)]
    said = "3 methods, 5 trials, 1 of them failed and not shown"
    points = points_of(ENTRIES, AXES)
    assert subtitle(ENTRIES, points, []) == said
    feasible = f"{said}, feasible: retain >= 0.7 and forget <= 0.25"
    assert subtitle(ENTRIES, points, bounds) == feasible
    many = subtitle(ENTRIES, points, bounds * 3)
    assert many.endswith("and retain >= 0.7, 3 bounds more")
