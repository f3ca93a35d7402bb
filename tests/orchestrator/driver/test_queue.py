"""What is given out, found, taken back and left, whichever stage it is for."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.config.budget import BudgetSettings, Use
from orchestrator.driver.queue import Queue
from orchestrator.driver.stages.stage import Request, StageContext
from orchestrator.jobs.ticket import Ticket
from orchestrator.planning.plan import plan
from orchestrator.results.entry import Entry
from orchestrator.running.job_inputs import JobInputs
from orchestrator.searching.constraints import Constraint
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import remove_weights
from tests.fixtures.baselines import original_of
from trainers.job import Job, Phase


def names(tickets: list[Ticket]) -> list[str]:
    return [t.job.method.name if t.job.method else str(t.job.phase) for t in tickets]


def test_baselines_come_first_and_then_the_methods_take_turns(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    assert names(sweep.run_all()) == ["gold", "original", *["ga", "npo"] * 3]
    assert sweep.queue.finished
    assert sweep.queue.complete
    assert [entry.label for entry in sweep.entries][:2] == ["original", "gold"]


def test_no_trial_is_given_out_before_both_baselines_are_done(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    first, second = sweep.queue.next(), sweep.queue.next()
    assert sweep.queue.next() is None
    assert not sweep.queue.finished
    sweep.run(first)
    assert sweep.queue.next() is None
    sweep.run(second)
    assert sweep.queue.next().job.phase == Phase.TRIAL


def test_a_sweep_is_not_complete_while_a_job_is_out(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    tickets = []
    while (ticket := sweep.queue.next()) is not None:
        tickets.append(ticket)
    for ticket in tickets[:-1]:
        sweep.run(ticket)
    assert sweep.queue.finished
    assert not sweep.queue.complete
    sweep.run(tickets[-1])
    assert sweep.queue.complete


def test_a_job_that_left_no_result_is_failed(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    sweep.queue.finish(sweep.queue.next().job, error="OSError: no space left")
    assert sweep.entries[-1].result.state == State.FAILED
    assert sweep.entries[-1].result.reason == "OSError: no space left"


def test_the_same_sweep_again_runs_nothing_and_tells_of_everything(
    begin, config, benchmark
) -> None:
    first = begin(config, benchmark)
    first.run_all()
    again = begin(config, benchmark)
    assert again.run_all() == []
    assert again.queue.finished
    assert all(entry.cached for entry in again.entries)
    assert key(again.entries) == key(first.entries)


def test_another_sweep_finds_the_jobs_that_its_search_asks_for(begin, config, benchmark) -> None:
    begin(config, benchmark).run_all()
    renamed = config.model_copy(update={"name": "second"})
    second = begin(renamed, benchmark)
    assert second.run_all() == []
    assert len([entry for entry in second.entries if entry.cached]) == 8


def test_another_sweep_tries_again_what_failed_by_chance_and_nothing_else(
    begin, config, benchmark
) -> None:
    renamed = config.model_copy(update={"name": "second"})
    begin(config, benchmark).run_all(fails="rank 0 was lost", by_chance=True)
    assert begin(config, benchmark).run_all() == [], "this sweep knows how its trials ended"
    second = begin(renamed, benchmark)
    assert len(second.run_all(fails="the loss became nan", collapsed=True)) == 6
    last = second.entries[-1].result
    assert (last.reason, last.collapsed) == ("the loss became nan", True), "this time's reason"
    third = config.model_copy(update={"name": "third"})
    assert begin(third, benchmark).run_all() == [], "that would come of them again"


@pytest.mark.parametrize("gone", ["the model that it starts from", "the scores of gold"])
def test_what_all_trials_want_and_one_did_not_find_ends_the_sweep_before_the_others(
    begin, config, benchmark, gone
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    ticket, other = sweep.queue.next(), sweep.queue.next()
    model, gold = Path(ticket.base), sweep.storage.job_folder(ticket.gold)
    model.mkdir()
    sweep.run(ticket, fails=f"the model that it starts from is not there ({model})", by_chance=True)
    assert sweep.queue.failure is None, "it is there now"
    shutil.rmtree(model if gone == "the model that it starts from" else gold)
    lacking = JobInputs(other, sweep.storage).lacking()
    sweep.run(other, fails=lacking, by_chance=True)
    assert sweep.queue.failure.startswith(f"{lacking}; put it back, or remove")
    assert sweep.queue.next() is None
    assert sweep.queue.finished
    assert not sweep.queue.complete
    again = begin(config, benchmark)
    model.mkdir(exist_ok=True)
    assert again.queue.failure is None
    assert again.queue.next() is not None


def test_a_job_asked_for_twice_at_once_runs_once(begin, config, benchmark, monkeypatch) -> None:
    sweep = begin(config, benchmark)
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    fix_params(sweep, monkeypatch)
    tickets = [sweep.queue.next(), sweep.queue.next()]
    assert names(tickets) == ["ga", "npo"]
    assert sweep.queue.next() is None
    for ticket in tickets:
        sweep.run(ticket)
    assert len([entry for entry in sweep.entries if entry.number is not None]) == 6


def test_a_result_that_a_killed_run_left_untold_is_told_after_the_next_is_asked(
    begin, config, benchmark
) -> None:
    killed = begin(config, benchmark).past_baselines()
    running, waiting = killed.queue.next(), killed.queue.next()
    killed.commit(running)
    again = begin(config, benchmark)
    assert again.queue.next().job == waiting.job
    assert again.trials == []
    again.queue.next()
    assert again.trials == [("ga", 0)]
    assert again.ledger.made("ga", 0)
    assert again.ledger.account("ga").num_ended == 1


def test_who_leaves_counts_what_is_in_storage_and_takes_back_the_rest(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    done, running = sweep.queue.next(), sweep.queue.next()
    sweep.commit(done)
    sweep.queue.leave()
    assert sweep.trials == [("ga", 0)]
    assert not sweep.queue.complete
    states = [t.state.name for s in sweep.searches.values() for t in s._study.trials]
    assert states == ["COMPLETE", "WAITING"]
    assert begin(config, benchmark).queue.next().job == running.job


def test_a_job_that_did_not_begin_is_given_out_again(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    gold, original = sweep.queue.next(), sweep.queue.next()
    sweep.queue.withdraw(original.job)
    sweep.run(gold)
    assert sweep.queue.next().job == original.job
    sweep.run(original)
    trial = sweep.queue.next()
    sweep.queue.withdraw(trial.job)
    assert sweep.queue.next().job == trial.job


def test_why_a_job_left_no_result_is_on_record(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark).past_baselines()
    sweep.queue.finish(sweep.queue.next().job, error="its trainable was lost")
    again = begin(config, benchmark)
    again.run_all()
    reasons = [e.result.reason for e in again.entries if e.label == "ga"]
    assert reasons == ["its trainable was lost", "", ""]


def test_once_the_sweeps_hours_are_over_nothing_new_starts(begin, config, benchmark, clock) -> None:
    config = config.model_copy(update={"budget": BudgetSettings(hours=1)})
    sweep = begin(config, benchmark, clock=clock).past_baselines()
    running, waiting = sweep.queue.next(), sweep.queue.next()
    clock.now += 3600
    assert sweep.queue.finished
    assert sweep.queue.next() is None
    sweep.queue.withdraw(waiting.job)
    assert not sweep.queue.complete
    sweep.run(running)
    assert sweep.queue.complete
    assert sweep.trials == [("ga", 0)]
    more = config.model_copy(update={"budget": BudgetSettings(hours=2)})
    again = begin(more, benchmark, clock=clock)
    again.run_all()
    assert len(again.trials) == 6


def test_what_was_found_in_storage_costs_nothing(begin, config, benchmark) -> None:
    begin(config, benchmark).run_all()
    renamed = config.model_copy(update={"name": "second"})
    second = begin(renamed, benchmark)
    second.run_all()
    assert second.ledger.total == Use()
    assert not any(second.ledger.made(*trial) for trial in second.trials)


def test_a_sweep_with_another_floor_runs_what_was_stopped_and_finds_what_was_not(
    begin, config, benchmark
) -> None:
    first = begin(config, benchmark)
    tickets = first.run_all()
    stopped = tickets[-2:]
    for ticket in stopped:
        shutil.rmtree(first.storage.job_folder(ticket.job.hash))
    assert len(begin(config, benchmark).run_all(retain=0.01, stopped=True)) == 2
    lower = {"retain": Constraint(at_least=0.5)}
    search = config.search.model_copy(update={"constraints": lower})
    second = begin(config.model_copy(update={"name": "second", "search": search}), benchmark)
    assert {t.job.hash for t in second.run_all()} == {t.job.hash for t in stopped}
    assert begin(config, benchmark).run_all() == [], "a whole training is good for everybody"


def test_a_sweep_that_stops_nothing_takes_no_result_that_was_stopped(
    begin, config, benchmark
) -> None:
    begin(config, benchmark).run_all(retain=0.01, stopped=True)
    search = config.search.model_copy(update={"stopping": None})
    second = begin(config.model_copy(update={"name": "second", "search": search}), benchmark)
    tickets = second.run_all()
    assert len(tickets) == 6
    assert {ticket.guard for ticket in tickets} == {None}


def test_a_result_that_another_sweep_has_stopped_is_never_told(begin, config, benchmark) -> None:
    def states(name: str, **ending: object) -> set[str]:
        search = config.search.model_copy(update={"stopping": None})
        sweep = begin(config.model_copy(update={"name": name, "search": search}), benchmark)
        while (ticket := sweep.queue.next()) is not None:
            if "error" in ending:
                sweep.queue.finish(ticket.job, **ending)
            elif ending:
                sweep.run(ticket, **ending)
            else:
                break
        sweep.queue.leave()
        return {entry.result.reason for entry in sweep.entries if entry.number is not None}

    begin(config, benchmark).run_all(retain=0.01, stopped=True)
    assert states("left") == set(), "a job that is on its way when the sweep leaves"
    lost = states("lost", error="its trainable was lost")
    assert lost == {"its trainable was lost"}
    given_up = states("given up", fails="given up after 3 attempts", by_chance=True)
    assert given_up == {"lost"}, "what the sweep says where there is no result"
    assert states("left again") == set(), "what failed by chance has replaced nothing"
    assert states("wild", fails="the loss became nan", collapsed=True) == {"the loss became nan"}
    assert begin(config, benchmark).run_all() == [], "now everybody knows"


def test_a_result_without_its_weights_is_as_good_as_any_other_and_is_not_made_again(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark)
    tickets = sweep.run_all()
    for ticket in tickets[2:]:
        home = sweep.storage.job_folder(ticket.job.hash)
        (home / "adapter").mkdir()
        remove_weights(home, "disk.quota")
    again = begin(config, benchmark)
    assert again.run_all() == []
    assert again.queue.complete
    assert [e.result.weights_removed for e in again.entries] == [False] * 2 + [True] * 6
    assert all(e.violations is not None for e in again.entries[2:])
    other = begin(config.model_copy(update={"name": "other"}), benchmark)
    assert other.run_all() == [], "nor by another sweep"
    assert [e.violations for e in other.entries] == [e.violations for e in again.entries]


class Listed:
    """A stage of given jobs, which may start only while it is `may_start`."""

    failure: str | None = None

    def __init__(self, *jobs: Job, may_start: bool = True) -> None:
        self._left = list(jobs)
        self.may_start = may_start
        self.begun = 0
        self.taken: list[tuple[Job, bool]] = []

    @property
    def finished(self) -> bool:
        return not self._left

    def begin(self) -> None:
        self.begun += 1

    def next(self) -> Request[None] | None:
        return Request(self._left.pop(0), None, "any") if self._left else None

    def take(self, request: Request[None], result: Result, *, cached: bool) -> None:
        self.taken.append((request.job, cached))

    def withdraw(self, requests: Sequence[Request[None]]) -> None:
        self._left[:0] = [request.job for request in requests]


@pytest.fixture
def staged(begin, config, benchmark):
    """Returns `staged(*stages)`: a sweep of just these stages, and its jobs under other seeds."""
    sweep = begin(config, benchmark)

    def of(*stages: Listed) -> Queue:
        planned = plan(config, benchmark, storage=sweep.storage)
        context = StageContext(planned, sweep.storage, sweep.ledger, sweep.told)
        sweep.queue = Queue(stages, context)
        return sweep.queue

    job = original_of(config, benchmark)
    jobs = [job.model_copy(update={"seed": seed}) for seed in range(4)]
    return SimpleNamespace(of=of, jobs=jobs, sweep=sweep)


def test_a_stage_begins_once_all_that_the_one_before_asked_for_has_come_back(staged) -> None:
    first, second, third = (Listed(job) for job in staged.jobs[:3])
    queue = staged.of(first, second, third)
    ticket = queue.next()
    assert queue.next() is None
    assert (first.begun, second.begun) == (1, 0)
    staged.sweep.run(ticket)
    assert (second.begun, third.begun) == (1, 0)
    assert not queue.finished
    assert [ticket.job for ticket in staged.sweep.run_all()] == staged.jobs[1:3]
    assert queue.complete
    assert [each.begun for each in (first, second, third)] == [1, 1, 1]


def test_a_stage_whose_jobs_are_all_in_storage_is_passed_in_one_go(staged) -> None:
    staged.sweep.run(staged.of(Listed(staged.jobs[0])).next())
    first, second = Listed(staged.jobs[0]), Listed(staged.jobs[1])
    assert staged.of(first, second).next().job == staged.jobs[1]
    assert first.taken == [(staged.jobs[0], True)]


def test_a_failure_in_one_stage_ends_them_all(staged) -> None:
    first, second = Listed(staged.jobs[0]), Listed(staged.jobs[1])
    queue = staged.of(first, second)
    ticket = queue.next()
    first.failure = "nothing can be compared"
    staged.sweep.run(ticket)
    assert (queue.next(), second.begun) == (None, 0)
    assert queue.failure == "nothing can be compared"
    assert queue.finished
    assert not queue.complete


def test_what_may_not_start_stays_the_next_and_ends_the_sweep_once_nothing_runs(staged) -> None:
    stage = Listed(*staged.jobs[:2])
    queue = staged.of(stage)
    running = queue.next()
    stage.may_start = False
    assert queue.next() is None
    assert not queue.finished, "what is running may use less than it was thought to"
    staged.sweep.run(running)
    assert queue.finished
    assert queue.complete
    stage.may_start = True
    assert queue.next().job == staged.jobs[1]


def fix_params(sweep, monkeypatch) -> None:
    """Lets every study of the sweep suggest one and the same point."""
    for search in sweep.searches.values():
        monkeypatch.setattr(search, "ask", same(search.ask))


def same(ask: Callable) -> Callable:
    def fixed():
        suggestion = ask()
        return type(suggestion)(suggestion.number, {"lr": 1e-3, "l1": 1e-4})

    return fixed


def key(entries: list[Entry]) -> list[tuple[str, Job]]:
    rows = [(e.label, e.number or 0, e.result.job.hash, e.violations) for e in entries]
    return sorted(rows, key=lambda row: row[:3])
