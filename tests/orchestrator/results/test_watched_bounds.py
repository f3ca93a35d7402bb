"""A sweep watches its trials for the bounds that the original keeps and training may break."""

import pytest

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.results.watched_bounds import guard_of
from orchestrator.searching.constraints import Bound
from trainers.early_stopping import Guard
from trainers.settings import StoppingSettings

ORIGINAL = {"retain": 0.8, "retain_rouge": 0.9, "forget": 0.9, "real": 0.5}
RETAIN = Bound("retain", "at_least", 0.72)


def sheet(nll: float = 0.5) -> ScoreSheet:
    score = AnswerScore(nll, 1)
    item = ItemScore("a", "x", score, score, (score,), (-nll,), (True,))
    return ScoreSheet((TaskScores("retain", Role.RETAIN, Probability.PLAIN, (item,)),))


def guard(*bounds: Bound, settings: StoppingSettings | None = None, nll: float = 0.5):
    chosen = settings or StoppingSettings()
    return guard_of(chosen, bounds, original=ORIGINAL, sheet=sheet(nll), num_steps=50)


def watched(found: Guard | None) -> list[str]:
    assert found is not None
    return [f"{limit.metric}.{limit.side}" for limit in found.limits]


def test_a_floor_is_watched_and_so_is_whether_the_model_is_destroyed() -> None:
    found = guard(RETAIN)
    assert watched(found) == ["retain.at_least", "retain_probability.at_least"]
    floor, destroyed = found.limits
    assert (floor.value, floor.whole, floor.recovery) == (0.72, 0.8, 1.0)
    # exp(-0.5) = 0.6065, and a hundredth of it
    assert destroyed.whole == pytest.approx(0.6065, abs=1e-4)
    assert destroyed.value == pytest.approx(0.006065, abs=1e-6)
    assert destroyed.recovery == 0


def test_probes_come_every_twentieth_of_the_training_or_as_often_as_asked() -> None:
    assert guard(RETAIN).every == 3
    assert guard(RETAIN, settings=StoppingSettings(every=7)).every == 7


def test_what_the_original_breaks_is_for_the_training_to_reach() -> None:
    assert guard(Bound("forget", "at_most", 0.3)) is None
    assert guard(Bound("real", "at_least", 0.6)) is None


def test_a_floor_that_likelihoods_cannot_tell_is_watched_for_destruction_only() -> None:
    assert watched(guard(Bound("retain_rouge", "at_least", 0.8))) == ["retain_probability.at_least"]


def test_without_a_floor_a_destroyed_model_may_be_what_is_wanted() -> None:
    assert guard(Bound("forget", "at_most", 0.95)) is None


def test_a_sweep_may_let_every_trial_end() -> None:
    assert guard_of(None, [RETAIN], original=ORIGINAL, sheet=sheet(), num_steps=50) is None
    assert guard() is None


def test_an_original_that_knows_nothing_cannot_be_destroyed() -> None:
    assert watched(guard(RETAIN, nll=1e6)) == ["retain.at_least"]
