"""Which trial is the best, which the nearest to feasible."""

from dataclasses import replace

from evals.choice import Choice
from evals.settings import EvaluationSettings
from orchestrator.constraints import Bound, violations
from orchestrator.entry import Entry
from orchestrator.result import Result, State
from orchestrator.searching.settings import SearchSettings
from orchestrator.standing import best_feasible, nearest
from trainers.job import Job, Phase
from trainers.settings import EngineSettings, TrainingSettings

FLOOR = Bound("retain", "at_least", 0.7)
CEILING = Bound("forget", "at_most", 0.2)


def trial(number: int, *, retain: float, forget: float, bounds=(FLOOR,), stopped="") -> Entry:
    plain = Choice(name="any")
    job = Job(
        phase=Phase.TRIAL,
        benchmark=plain,
        model=plain,
        training=TrainingSettings(),
        adapter=None,
        engine=EngineSettings(),
        evaluation=EvaluationSettings(),
        seed=number,
        data="data",
        weights="weights",
        version="1",
    )
    metrics = {"retain": retain, "forget": forget}
    done = Result(job, State.DONE, "", metrics, {}, 1.0, (), 0.0, stopped=stopped)
    return Entry("npo", done, number, {}, violations(bounds, metrics))


def test_where_less_is_better_the_smallest_feasible_objective_wins() -> None:
    low, high = trial(0, retain=0.8, forget=0.1), trial(1, retain=0.8, forget=0.9)
    assert best_feasible([high, low], SearchSettings(objective="forget")) is low


def test_the_trial_nearest_to_feasible_misses_by_the_smallest_share_of_a_bound() -> None:
    bounds = (FLOOR, CEILING)
    # 0.1 of 0.7 is a seventh; 0.05 of 0.2 is a quarter.
    seventh = trial(0, retain=0.6, forget=0.1, bounds=bounds)
    quarter = trial(1, retain=0.8, forget=0.25, bounds=bounds)
    assert nearest([quarter, seventh], bounds) is seventh
    failed = replace(seventh, violations=None)
    assert nearest([failed], bounds) is None


def test_a_half_trained_model_is_the_nearest_only_where_there_is_no_other() -> None:
    early = trial(0, retain=0.65, forget=0.1, stopped="stopped at step 20")
    whole = trial(1, retain=0.2, forget=0.1)
    assert nearest([early, whole], (FLOOR,)) is whole
    assert nearest([early], (FLOOR,)) is early
