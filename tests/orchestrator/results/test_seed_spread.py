"""What seeds make of a setting is learnt from what was run under several."""

import math

import pytest

from evals.evidence import Evidence
from orchestrator.results.seed_spread import seed_spread
from orchestrator.results.signals import GUIDE, signals_of
from orchestrator.searching.constraints import Bound
from orchestrator.storage.members import Member, MemberRole
from orchestrator.storage.result import Result, State
from tests.fixtures.stored_sweep import StoredSweep
from trainers.job import Job


def final(made: StoredSweep, number: int, seed: int, **metrics: float) -> None:
    """Puts a finalist's run under a seed on record."""
    config = made.config.model_copy(update={"seed": seed})
    job = made.trial("ga", lr=1e-4 * (number + 1), config=config)
    told = Evidence(guides={"log_forget_quality": metrics.pop("guide", math.nan)})
    enter(made, Result(job, State.DONE, "", metrics, {}, 1.0, (), 0.0, evidence=told), number)


def enter(made: StoredSweep, result: Result, number: int) -> None:
    job: Job = result.job
    made.storage.commit(result, made.storage.begin(job), made.sheet())
    made.members.enter(
        Member(role=MemberRole.FINAL, job=job.hash, label="ga", number=number, seed=job.seed)
    )


@pytest.fixture
def made(tmp_path) -> StoredSweep:
    return StoredSweep(tmp_path)


def test_variances_between_seeds_are_pooled_over_settings(made) -> None:
    for seed, retain in ((1, 0.70), (2, 0.72), (3, 0.74)):
        final(made, 0, seed, retain=retain, log_forget_quality=-5.0, guide=0.5)
    for seed, retain in ((1, 0.60), (2, 0.64)):
        final(made, 1, seed, retain=retain, log_forget_quality=-5.0, guide=0.9)
    found = seed_spread(made.config, made.storage)
    # Variances 0.0004 of two degrees of freedom and 0.0008 of one.
    assert found["retain"] == pytest.approx(math.sqrt((2 * 0.0004 + 0.0008) / 3))
    assert found["log_forget_quality"] == found[GUIDE] == 0.0


def test_the_two_gold_models_tell_of_what_does_not_compare_with_gold(made) -> None:
    made.fill()
    found = seed_spread(made.config, made.storage)
    # 0.82 and 0.8; each method has one run only.
    assert found == {"retain": pytest.approx(0.02 / math.sqrt(2))}


def test_where_nothing_ran_twice_nothing_is_known(made) -> None:
    final(made, 0, 1, retain=0.7)
    assert seed_spread(made.config, made.storage) == {}


def test_the_sweep_that_a_search_begins_with_tells_of_seeds_too(made, tmp_path) -> None:
    for seed, retain in ((1, 0.70), (2, 0.72)):
        final(made, 0, seed, retain=retain)
    search = made.config.search.model_copy(update={"warm_start": made.folder})
    later = made.config.model_copy(update={"name": "later", "search": search})
    assert seed_spread(later, made.storage)["retain"] == pytest.approx(0.02 / math.sqrt(2))


def test_what_seeds_differ_by_adds_to_what_items_do(made) -> None:
    told = Evidence({"retain": 0.03}, {"log_forget_quality": 1.0}, {"log_forget_quality": 0.3})
    result = Result(made.original, State.DONE, "", {}, {}, 1.0, (), 0.0, evidence=told)
    bounds = (Bound("retain", "at_least", 0.7),)
    seeds = {"retain": 0.04, GUIDE: 0.4}
    found = signals_of(result, "log_forget_quality", bounds, seeds=seeds)
    assert found.violation_errors == {"retain.at_least": pytest.approx(0.05)}
    assert found.guide_error == pytest.approx(0.5)
