"""What did nothing says so of all that would do less."""

from orchestrator.searching.idle_corner import is_known_idle
from orchestrator.searching.signals import Signals
from orchestrator.searching.space import SearchChoices, SearchRange
from orchestrator.searching.tried import Ending, Tried

SPACE = {
    "lr": SearchRange(low=1e-5, high=1e-3),
    "l1": SearchRange(low=1e-3, high=1.0),
    "beta": SearchRange(low=0.1, high=1.0),
    "term": SearchChoices(choices=("nll", "kl")),
}
HERE = {"lr": 1e-4, "l1": 0.1, "beta": 0.5, "term": "nll"}


def known(point, *, idle: bool = True) -> bool:
    tried = Tried(0, HERE, Ending.MEASURED, -5.0, {}, Signals(idle=idle))
    return is_known_idle({**HERE, **point}, [tried], SPACE)


def test_a_smaller_learning_rate_and_a_larger_l1_do_no_more() -> None:
    assert known({})
    assert known({"lr": 2e-5, "l1": 0.5})
    assert not known({"lr": 2e-4})
    assert not known({"lr": 2e-5, "l1": 0.05})


def test_of_other_settings_it_says_nothing() -> None:
    assert not known({"lr": 2e-5, "beta": 0.4})
    assert not known({"lr": 2e-5, "term": "kl"})
    short = {name: HERE[name] for name in ("lr", "l1")}
    tried = Tried(0, HERE, Ending.MEASURED, -5.0, {}, Signals(idle=True))
    assert not is_known_idle(short, [tried], SPACE)


def test_a_trial_that_did_something_says_nothing() -> None:
    assert not known({"lr": 2e-5}, idle=False)


def test_a_learning_rate_that_is_a_choice_has_no_smaller_one() -> None:
    space = {"lr": SearchChoices(choices=(1e-5, 1e-4))}
    tried = Tried(0, {"lr": 1e-4}, Ending.MEASURED, -5.0, {}, Signals(idle=True))
    assert not is_known_idle({"lr": 1e-5}, [tried], space)
    assert is_known_idle({"lr": 1e-4}, [tried], space)
