"""Who is told how a sweep goes hears it in order, and makes of it what is its own part."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from orchestrator.driver.callbacks import (
    Callbacks,
    DiskCallback,
    QuotaCallback,
    SweepCallback,
    UploaderCallback,
    member_of,
)
from orchestrator.jobs.build import trial_job
from orchestrator.results.entry import Entry
from orchestrator.storage.members import MemberRole
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of

PARAMS = {"lr": 1e-3, "l1": 0.01}


class Told(SweepCallback):
    """Notes under its name what it hears, and no reports."""

    def __init__(self, name: str, events: list[tuple[str, object]]) -> None:
        self._name, self._events = name, events

    def on_entry(self, entry: Entry, *, bounds: object) -> None:
        self._events.append((self._name, entry))

    def on_job_end(self, result: Result) -> None:
        self._events.append((self._name, result))

    def on_weights_removed(self, job_hash: str) -> None:
        self._events.append((self._name, job_hash))


@pytest.fixture
def events() -> list[tuple[str, object]]:
    return []


def done(job) -> Result:
    return Result(job, State.DONE, "", {"retain": 0.8}, {}, 1.0, (), 0.0)


@pytest.fixture
def trial(config, benchmark) -> Entry:
    original = original_of(config, benchmark)
    job = trial_job(config, benchmark, label="npo", params=PARAMS, original=original)
    return Entry("npo", done(job), 3, PARAMS, {"retain.at_least": -0.1})


def test_each_is_told_in_turn_and_what_it_leaves_out_is_no_matter(trial, events) -> None:
    callbacks = Callbacks([Told("first", events), Callbacks([Told("second", events)])])
    callbacks.on_report(trial.result.job, None)
    callbacks.on_entry(trial, bounds=())
    callbacks.on_job_end(trial.result)
    callbacks.on_weights_removed("hash")
    heard = [trial, trial.result, "hash"]
    assert events == [(name, what) for what in heard for name in ("first", "second")]


def test_a_trial_is_a_member_by_its_number_and_a_final_by_its_seed_too(trial) -> None:
    member = member_of(trial)
    assert (member.role, member.label, member.number) == (MemberRole.TRIAL, "npo", 3)
    assert (member.seed, dict(member.params)) == (None, PARAMS)
    seeded = trial.result.job.model_copy(update={"seed": 9})
    final = member_of(replace(trial, result=done(seeded), final=True))
    assert (final.role, final.number, final.seed) == (MemberRole.FINAL, 3, 9)
    assert final.job == seeded.hash


def test_a_baseline_is_a_member_by_its_phase_and_a_second_gold_model_by_its_seed(
    config, benchmark
) -> None:
    for job, role in (
        (original_of(config, benchmark), MemberRole.ORIGINAL),
        (gold_of(config, benchmark), MemberRole.GOLD),
    ):
        member = member_of(Entry(str(job.phase), done(job)))
        assert (member.role, member.label) == (role, str(job.phase))
        assert (member.seed, dict(member.params)) == (None, {})
    again = gold_of(config.model_copy(update={"seed": 5}), benchmark)
    member = member_of(Entry("gold", done(again), final=True))
    assert (member.role, member.number, member.seed) == (MemberRole.GOLD_AGAIN, None, 5)


def test_the_weights_of_a_final_stay_and_those_of_a_trial_may_go(trial) -> None:
    heard = []
    quota = SimpleNamespace(
        enter=lambda entry, *, bounds: heard.append((entry, bounds)), protect=heard.append
    )
    callback = QuotaCallback(quota)
    callback.on_entry(trial, bounds=("bound",))
    callback.on_entry(replace(trial, final=True), bounds=())
    assert heard == [(trial, ("bound",)), trial.result.job.hash]


def test_a_job_that_has_ended_has_found_room_and_then_the_quota_is_kept(trial) -> None:
    heard = []
    quota = SimpleNamespace(entries=[], keep=lambda: heard.append("keep"))
    callback = DiskCallback(SimpleNamespace(end=lambda: heard.append("end")), quota)
    callback.on_job_end(trial.result)
    assert heard == ["end"]
    quota.entries.append(trial)
    callback.on_job_end(trial.result)
    assert heard == ["end", "end", "keep"]


def test_what_was_run_is_brought_to_the_url_and_what_was_removed_is_removed_there(trial) -> None:
    heard = []
    uploader = SimpleNamespace(job=heard.append, forget_weights=lambda job: heard.append(-len(job)))
    callback = UploaderCallback(uploader)
    callback.on_entry(trial, bounds=())
    callback.on_job_end(trial.result)
    callback.on_weights_removed("abc")
    assert heard == [trial.result.job.hash, -3]
