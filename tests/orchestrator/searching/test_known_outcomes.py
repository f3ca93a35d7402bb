"""What a study has tried, or knows to do nothing, has nothing to tell."""

import pytest

from orchestrator.searching.known_outcomes import KnownOutcomes
from orchestrator.searching.signals import Signals
from orchestrator.searching.space import SearchChoices, SearchRange
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube

SPACE = {
    "lr": SearchRange(low=1e-5, high=1e-3),
    "l1": SearchRange(low=1e-3, high=1.0),
    "term": SearchChoices(choices=("nll", "kl")),
}
HERE = {"lr": 1e-3, "l1": 1e-3, "term": "nll"}


def known(point, ending=Ending.MEASURED, *, number: int | None = 3, idle: bool = False) -> bool:
    tried = Tried(number, HERE, ending, -5.0, {}, Signals(idle=idle))
    found = KnownOutcomes([tried], SPACE).holds(Cube(SPACE).places([{**HERE, **point}]))
    return bool(found[0])


@pytest.mark.parametrize("ending", [Ending.MEASURED, Ending.COLLAPSED, Ending.RUNNING])
def test_the_same_setting_again_is_the_same_job(ending) -> None:
    assert known({}, ending)
    assert not known({"lr": 0.999e-3}, ending)
    assert not known({"term": "kl"}, ending)


def test_a_setting_whose_job_failed_may_be_tried_again() -> None:
    assert not known({}, Ending.FAILED)


def test_a_setting_of_another_sweep_is_another_job() -> None:
    assert not known({}, number=None)


def test_what_does_less_than_an_idle_trial_is_known() -> None:
    assert known({"lr": 1e-4}, idle=True)
    assert not known({"lr": 1e-4, "term": "kl"}, idle=True)
