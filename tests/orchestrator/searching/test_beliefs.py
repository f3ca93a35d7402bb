"""What is worth replicating: what is believed to keep the bounds, then what is believed best."""

import numpy as np
import pytest

from orchestrator.searching.beliefs import Belief, beliefs, in_order
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import Signals
from orchestrator.searching.space import SearchRange
from orchestrator.searching.tried import Ending, Tried

SPACE = {"x": SearchRange(low=0, high=1, log=False)}


def trial(number, x, *, noise=0.0):
    """The objective grows with x, the bound breaks at 0.6 and is seen with an error of 0.01."""
    missed = {"retain.at_least": 0.2 * (x - 0.6) + noise}
    signals = Signals(violation_errors={"retain.at_least": 0.01})
    return Tried(number, {"x": x}, Ending.MEASURED, x, missed, signals)


def test_what_only_just_kept_the_bound_once_comes_after_what_keeps_it_again() -> None:
    tried = [trial(i, x) for i, x in enumerate((0.05, 0.2, 0.35, 0.5, 0.7, 0.85))]
    lucky = trial(6, 0.62, noise=-0.01)
    tried += [lucky, trial(7, 0.61, noise=0.004)]
    found = beliefs(tried, SearchSettings(), SPACE)
    assert found[6].chance < 0.6 < 0.9 < found[3].chance
    assert found[6].value > found[3].value
    feasible = [t.number for t in tried if t.violations["retain.at_least"] <= 0]
    order = in_order(feasible, found, probability=0.9)
    assert order[:2] == [3, 2]
    assert order[-1] == 6


def test_equals_stay_in_their_order_and_the_unsure_go_by_their_chance() -> None:
    found = {0: Belief(0.95, 1.0), 1: Belief(0.99, 1.0), 2: Belief(0.5, 9.0), 3: Belief(0.7, 2.0)}
    assert in_order([0, 1, 2, 3], found, probability=0.9) == [0, 1, 3, 2]
    assert in_order([1, 0], found, probability=0.9) == [1, 0]


def test_trials_of_another_sweep_and_failures_have_no_belief_of_their_own() -> None:
    other = Tried(None, {"x": 0.4}, Ending.MEASURED, 0.4, {"retain.at_least": -0.04})
    failed = Tried(2, {"x": 0.9}, Ending.FAILED)
    found = beliefs([other, trial(0, 0.3), failed], SearchSettings(), SPACE)
    assert set(found) == {0}
    assert beliefs([failed], SearchSettings(), SPACE) == {}


def test_without_a_bound_all_keep_it() -> None:
    tried = [Tried(i, {"x": x}, Ending.MEASURED, x) for i, x in enumerate((0.1, 0.5, 0.9))]
    found = beliefs(tried, SearchSettings(constraints={}), SPACE)
    assert [found[i].chance for i in range(3)] == [1, 1, 1]
    assert np.argmax([found[i].value for i in range(3)]) == 2
    assert found[2].value == pytest.approx(0.9, abs=0.1)
