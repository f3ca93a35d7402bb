"""A trial of a study as its sampling sees it."""

from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from orchestrator.searching.signals import NO_SIGNALS, Signals
from orchestrator.searching.study_record import facts_of, tried_of
from orchestrator.searching.tried import Ending

SHAPES = {"lr": FloatDistribution(0.0, 1.0)}


def trial(**fields):
    return create_trial(params={"lr": 0.5}, distributions=SHAPES, **fields)


def test_a_measured_trial_has_its_numbers_and_signals() -> None:
    signals = Signals(guide=2.0)
    facts = facts_of(-4.0, {"retain.at_least": 0.1}, signals)
    assert (facts["feasible"], facts["objective"]) == (False, -4.0)
    found = tried_of(
        trial(value=-2.0, constraints={"retain.at_least": 0.1}, user_attrs={**facts, "number": 3})
    )
    assert (found.number, found.ending, found.value) == (3, Ending.MEASURED, -2.0)
    assert (found.violations, found.signals) == ({"retain.at_least": 0.1}, signals)


def test_one_of_before_there_were_signals_has_none() -> None:
    facts = facts_of(-4.0, {}, NO_SIGNALS)
    assert set(facts) == {"feasible", "objective"}
    assert tried_of(trial(value=-2.0, user_attrs=facts)).signals == NO_SIGNALS


def test_a_failure_is_a_collapse_where_it_is_marked() -> None:
    failed = trial(state=TrialState.FAIL, user_attrs={"number": 0})
    destroyed = trial(state=TrialState.FAIL, user_attrs={"number": 0, "collapsed": True})
    assert tried_of(failed).ending is Ending.FAILED
    assert tried_of(destroyed).ending is Ending.COLLAPSED
