import pytest

from orchestrator.reporting.charts.parallel_axes import coordinates_of, measured_trials
from orchestrator.searching.settings import SearchSettings

SEARCH = SearchSettings()


def coordinates(trials):
    return {coordinate.name: coordinate for coordinate in coordinates_of(trials, SEARCH)}


def test_settings_come_first_then_metrics_and_the_objective_last(fakes):
    trials = [fakes.trial("npo", 0, further={"beta": 0.1}), fakes.trial("ga", 0)]
    names = [coordinate.name for coordinate in coordinates_of(trials, SEARCH)]
    assert names == ["lr", "L1", "beta", "real", "retain", "forget", "log_forget_quality"]


def test_a_wide_range_of_positive_numbers_lies_in_decades(fakes):
    made = coordinates([fakes.trial("ga", i, lr=10**-i) for i in (2, 3, 4)])
    assert made["lr"].shares == pytest.approx((1.0, 0.5, 0.0))
    assert made["lr"].ends == pytest.approx((1e-4, 1e-2))
    even = coordinates([fakes.trial("ga", i, retain=0.7 + i / 10) for i in range(3)])
    assert even["retain"].shares == pytest.approx((0.0, 0.5, 1.0))


def test_choices_lie_at_equal_distances_and_what_is_not_searched_nowhere(fakes):
    trials = [
        fakes.trial("npo", 0, further={"retain_term": "nll"}),
        fakes.trial("npo", 1, further={"retain_term": "kl"}),
        fakes.trial("npo", 2, further={"retain_term": "none"}),
        fakes.trial("ga", 0),
    ]
    coordinate = coordinates(trials)["retain_term"]
    assert coordinate.choices == ("kl", "nll", "none")
    assert coordinate.shares == (0.5, 0.0, 1.0, None)
    assert coordinate.ends == ("kl", "none")


def test_equal_values_are_in_the_middle(fakes):
    assert coordinates([fakes.trial("ga", i) for i in range(2)])["lr"].shares == (0.5, 0.5)


def test_of_many_hyperparameters_those_that_most_trials_have_are_shown(fakes):
    many = {f"p{i}": float(i) for i in range(9)}
    trials = [fakes.trial("npo", 0, further=many), fakes.trial("npo", 1, further={"p8": 1.0})]
    names = [name for name in coordinates(trials) if name.startswith("p")]
    assert len(names) == 5
    assert "p8" in names


def test_only_what_was_measured_is_a_line(fakes):
    trials = [fakes.trial("ga", 0), fakes.failed("ga", 1, "lost"), *fakes.baselines()]
    assert measured_trials(trials) == trials[:1]


def test_one_trial_without_l1_leaves_its_axis_logarithmic(fakes):
    trials = [fakes.trial("ga", i, l1=l1) for i, l1 in enumerate((0.0, 1e-3, 1e-2, 1e-1))]
    coordinate = coordinates(trials)["L1"]
    assert coordinate.shares == pytest.approx((0.0, 1 / 3, 2 / 3, 1.0))
    assert coordinate.ends == (0.0, 0.1)
