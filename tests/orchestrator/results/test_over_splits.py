import math
from dataclasses import replace

import pytest

from evals.evidence import Evidence
from orchestrator.config.loading import load_config
from orchestrator.results.entry import Reference
from orchestrator.results.over_splits import by_split, mean_reference, mean_result
from orchestrator.searching.constraints import Constraint
from orchestrator.storage.members import Member, MemberRole
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import real_job

JOB = real_job()


def result(split: int = 0, *, state=State.DONE, reason="", facts=None, **metrics: float) -> Result:
    choice = JOB.benchmark.model_copy(update={"settings": {"split": split}})
    job = JOB.model_copy(update={"benchmark": choice})
    return Result(job, state, reason, metrics, facts or {}, 2.0, (), 0.0)


def test_metrics_are_means_and_one_result_is_itself() -> None:
    one, other = result(retain=0.8, gap=0.5), result(1, retain=0.6, gap=0.1)
    found = mean_result([one, other])
    assert found.metrics == pytest.approx({"retain": 0.7, "gap": 0.3})
    assert found.job is one.job
    assert found.wall_s == 4.0
    assert mean_result([one]) is one


def test_no_number_at_one_split_is_none_on_the_mean() -> None:
    found = mean_result([result(retain=0.8, own=1.0), result(1, retain=math.nan)])
    assert math.isnan(found.metrics["retain"])
    assert "own" not in found.metrics


def test_what_failed_at_one_split_has_failed_and_says_where() -> None:
    failed = replace(result(1, state=State.FAILED, reason="the loss is nan"), collapsed=True)
    other = result(2, state=State.FAILED, reason="lost")
    found = mean_result([result(retain=0.8), other, failed])
    assert (found.state, found.reason) == (State.FAILED, "at split 1: the loss is nan")
    assert found.collapsed
    assert found.job.benchmark.settings["split"] == 0


def test_it_has_moved_if_it_did_everywhere() -> None:
    moved, still = {"moved": 1.0, "steps": 3.0}, {"moved": 0.0, "steps": 9.0}
    assert mean_result([result(facts=moved), result(1, facts=still)]).facts["moved"] == 0.0
    assert mean_result([result(facts=moved), result(1, facts=moved)]).facts == moved


def test_errors_are_those_of_a_mean_of_independent_parts() -> None:
    parts = [
        replace(result(split), evidence=Evidence({"gap": error}, {"gap": guide}, {"gap": error}))
        for split, error, guide in ((0, 0.3, 1.0), (1, 0.4, 2.0))
    ]
    found = mean_result(parts).evidence
    assert found.errors["gap"] == pytest.approx(0.25)
    assert found.guide_errors["gap"] == pytest.approx(0.25)
    assert found.guides["gap"] == 1.5


def test_bounds_follow_from_the_mean_original() -> None:
    config = load_config(None, [])
    search = config.search.model_copy(
        update={"constraints": {"retain": Constraint(at_least=0.5, relative_to="original")}}
    )
    config = config.model_copy(update={"search": search})
    references = [
        Reference(result(s, retain=r), result(s, retain=0.1), ()) for s, r in ((0, 1.0), (1, 0.6))
    ]
    found = mean_reference(references, config)
    assert found.original.metrics["retain"] == pytest.approx(0.8)
    assert [bound.value for bound in found.bounds] == pytest.approx([0.4])
    assert mean_reference(references[:1], config) is references[0]


def test_what_came_at_other_splits_is_found_by_its_place() -> None:
    there = result(4, retain=0.2)
    shadow = Member(role=MemberRole.SHADOW, job="a", label="gd", number=2, split=4)
    trial = Member(role=MemberRole.TRIAL, job="b", label="gd", number=2)
    gone = Member(role=MemberRole.SHADOW, job="c", label="gd", number=3, split=4)
    assert by_split([shadow, trial, gone], {"a": there, "b": there}) == {("gd", 2, 4): there}
