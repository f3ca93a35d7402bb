import math

import pytest

from orchestrator.reporting.charts.incumbent import incumbents_of
from orchestrator.searching.settings import SearchSettings

SEARCH = SearchSettings()


def test_the_best_so_far_is_over_feasible_trials_only_and_never_gets_worse(fakes):
    trials = [
        fakes.trial("npo", 0, retain=0.1, quality=-0.5),
        fakes.trial("npo", 1, retain=0.8, quality=-9.0),
        fakes.trial("npo", 2, retain=0.8, quality=-30.0),
        fakes.failed("npo", 3, "lost"),
        fakes.trial("npo", 4, retain=0.8, quality=-3.0),
    ]
    (incumbent,) = incumbents_of([*fakes.baselines(), *trials], SEARCH)
    assert incumbent.label == "npo"
    assert math.isnan(incumbent.best[0])
    assert incumbent.best[1:] == (-9.0, -9.0, -9.0, -3.0)
    assert incumbent.found


def test_the_hours_add_up_over_the_methods_own_trials(fakes):
    trials = [fakes.trial("npo", 0), fakes.trial("ga", 0), fakes.failed("npo", 1, "lost")]
    incumbents = {incumbent.label: incumbent for incumbent in incumbents_of(trials, SEARCH)}
    each = 4.125 / 3600
    assert incumbents["npo"].hours == pytest.approx((each, 2 * each))
    assert incumbents["ga"].hours == pytest.approx((each,))


def test_where_less_is_better_the_best_falls(fakes):
    trials = [fakes.trial("npo", i, retain=0.8, forget=f) for i, f in enumerate((0.5, 0.2, 0.4))]
    (incumbent,) = incumbents_of(trials, SearchSettings(objective="forget"))
    assert incumbent.best == (0.5, 0.2, 0.2)


def test_a_method_without_a_feasible_trial_has_found_nothing(fakes):
    (incumbent,) = incumbents_of([fakes.trial("ga", 0, retain=0.1)], SEARCH)
    assert not incumbent.found


def test_of_several_objectives_the_volume_grows_with_the_front(fakes):
    trials = [
        fakes.trial("npo", 0, retain=0.1, quality=-0.5),
        fakes.trial("npo", 1, retain=0.8, quality=-9.0),
        fakes.trial("npo", 2, retain=0.7, quality=-30.0),
        fakes.trial("npo", 3, retain=0.75, quality=-4.0),
    ]
    search = SearchSettings(objective=("log_forget_quality", "retain"))
    (incumbent,) = incumbents_of(trials, search, (-10.0, 0.5))
    assert math.isnan(incumbent.best[0])
    assert incumbent.best[1:] == pytest.approx((0.3, 0.3, 0.3 + 5 * 0.25))
