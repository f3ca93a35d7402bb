"""The agenda gives out baselines, then methods in turn, and makes sense of what comes back."""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.measure import measure
from evals.scores import ScoreSheet
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.budget import BudgetSettings, Use
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.stages.search import Agenda
from orchestrator.jobs.ticket import Ticket
from orchestrator.limits.ledger import Ledger
from orchestrator.results.entry import Entry
from orchestrator.results.warm_start import warm_start
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import remove_weights
from trainers.job import Job, Phase


@pytest.fixture
def config(tmp_path: Path) -> SweepConfig:
    overrides = [
        f"storage={tmp_path}",
        "methods=[ga,npo]",
        "search.trials=3",
        "search.sampler=random",
        "evaluation.metrics=[retain,log_forget_quality]",
        "benchmark.num_people=6",
        "benchmark.forget_people=2",
        "finalists=null",
    ]
    return load_config(None, overrides)


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return build_benchmark(
        load_config(None, ["benchmark.num_people=6", "benchmark.forget_people=2"]).benchmark
    )


class Desk:
    """An agenda with the entries it told of; runs tickets with a fake rank."""

    def __init__(
        self,
        config: SweepConfig,
        benchmark: Benchmark,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.entries: list[Entry] = []
        self.storage = Storage(config.folder)
        self.benchmark = benchmark
        folder = self.storage.sweep_folder(config.name)
        self.searches = searches = {
            label: MethodSearch(
                label,
                space=config.space(label),
                settings=config.search_for(label),
                folder=folder,
                seed=0,
            )
            for label in config.methods
        }
        self.ledger = ledger_in(folder, config, clock=clock)
        self.agenda = Agenda(
            config,
            benchmark,
            storage=self.storage,
            searches=searches,
            ledger=self.ledger,
            on_entry=self.entries.append,
        )

    def run(
        self,
        ticket: Ticket,
        *,
        retain: float = 0.8,
        fails: str = "",
        nll: float = 1.0,
        by_chance: bool = False,
        stopped: bool = False,
        collapsed: bool = False,
    ) -> None:
        """Writes a result as a trainable would and tells the agenda."""
        job = ticket.job
        metrics = {} if fails else {"retain": retain, "log_forget_quality": -3.0}
        state = State.FAILED if fails else State.DONE
        result = Result(job, state, fails, metrics, {}, 1.0, (), 0.0, by_chance)
        result = replace(result, gold=ticket.gold or "")
        if stopped:
            result = replace(result, stopped="stopped at step 2", guard=ticket.guard.hash)
        result = replace(result, collapsed=collapsed)
        sheet = None if fails else sheet_of(self.benchmark, nll=nll)
        self.storage.commit(result, self.storage.begin(job), sheet)
        self.agenda.finish(job, error="lost")

    def run_all(self, **how: object) -> list[Ticket]:
        tickets = []
        while (ticket := self.agenda.next()) is not None:
            tickets.append(ticket)
            baseline = ticket.job.phase != Phase.TRIAL
            self.run(ticket, **({} if baseline else how))
        return tickets


def ledger_in(folder: Path, config: SweepConfig, *, clock: Callable[[], float]) -> Ledger:
    return Ledger(folder, gang_cpus=2, gang_gpus=0, budget=config.budget, clock=clock)


def sheet_of(benchmark: Benchmark, *, nll: float) -> ScoreSheet:
    score = AnswerScore(nll, 4)
    return ScoreSheet(
        tuple(
            TaskScores(
                task.name,
                task.role,
                task.probability,
                tuple(
                    ItemScore(e.id, e.answer, score, score, (AnswerScore(2.0, 4),) * 3, (), ())
                    for e in task.examples
                ),
            )
            for task in benchmark.tasks
        )
    )


def labels(tickets: list[Ticket]) -> list[str]:
    return [t.job.method.name if t.job.method else str(t.job.phase) for t in tickets]


def test_baselines_come_first_and_then_the_methods_take_turns(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    assert labels(desk.run_all()) == ["gold", "original", *["ga", "npo"] * 3]
    assert desk.agenda.finished
    assert desk.agenda.complete
    assert [entry.label for entry in desk.entries][:2] == ["original", "gold"]


def test_no_trial_is_given_out_before_both_baselines_are_done(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    first, second = desk.agenda.next(), desk.agenda.next()
    assert desk.agenda.next() is None
    assert not desk.agenda.finished
    desk.run(first)
    assert desk.agenda.next() is None
    desk.run(second)
    assert desk.agenda.next().job.phase == Phase.TRIAL


def test_a_baseline_that_was_found_and_one_that_was_trained_are_told_apart(
    config, benchmark
) -> None:
    first = Desk(config, benchmark)
    first.run(first.agenda.next())
    first.agenda.leave()
    desk, told = Desk(config, benchmark), []
    desk.agenda.tell_of_baselines(told.append)
    desk.run(desk.agenda.next())
    assert {entry.label: entry.cached for entry in desk.entries} == {
        "gold": True,
        "original": False,
    }
    assert [result.job.phase for result in told] == [Phase.ORIGINAL]


def test_a_trial_starts_from_the_original_and_compares_with_the_gold(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    gold, original = desk.agenda.next(), desk.agenda.next()
    desk.run(gold)
    desk.run(original)
    trial = desk.agenda.next()
    assert trial.base == str(desk.storage.job_folder(original.job.hash) / "model")
    assert trial.gold == gold.job.hash
    assert trial.job.base == original.job.hash


def test_a_sweep_is_not_complete_while_a_job_is_out(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run(desk.agenda.next())
    desk.run(desk.agenda.next())
    tickets = []
    while (ticket := desk.agenda.next()) is not None:
        tickets.append(ticket)
    for ticket in tickets[:-1]:
        desk.run(ticket)
    assert desk.agenda.finished
    assert not desk.agenda.complete
    desk.run(tickets[-1])
    assert desk.agenda.complete


def test_below_the_floor_is_infeasible_and_never_a_failure(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run_all(retain=0.01)
    trials = [entry for entry in desk.entries if entry.number is not None]
    assert [entry.feasible for entry in trials] == [False] * 6
    assert {entry.result.state for entry in trials} == {State.DONE}
    assert all(entry.violations["retain.at_least"] > 0 for entry in trials)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_is_a_failed_row_with_its_reason(
    config, benchmark, value
) -> None:
    desk = Desk(config, benchmark)
    desk.run_all(retain=value)
    trials = [entry for entry in desk.entries if entry.number is not None]
    assert {entry.result.reason for entry in trials} == {f"retain is {value}"}
    assert {entry.result.state for entry in trials} == {State.FAILED}


def test_every_bound_is_held_against_every_trial(config, benchmark) -> None:
    constraints = {
        "retain": Constraint(at_least=0.7, at_most=0.9, relative_to="absolute"),
        "log_forget_quality": Constraint(at_least=-2, relative_to="absolute"),
    }
    search = config.search.model_copy(update={"constraints": constraints})
    desk = Desk(config.model_copy(update={"search": search}), benchmark)
    desk.run_all()
    trial = desk.entries[-1]
    assert trial.violations == pytest.approx(
        {"retain.at_least": -0.1, "retain.at_most": -0.1, "log_forget_quality.at_least": 1.0}
    )
    assert not trial.feasible


def test_a_metric_that_is_missing_is_a_failure_that_says_so(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run(desk.agenda.next())
    desk.run(desk.agenda.next())
    ticket = desk.agenda.next()
    job = ticket.job
    result = Result(job, State.DONE, "", {"retain": 0.8}, {}, 1.0, (), 0.0, gold=ticket.gold)
    desk.storage.commit(result, desk.storage.begin(job), None)
    desk.agenda.finish(job, error="")
    assert desk.entries[-1].result.reason == "log_forget_quality was not measured"


def test_a_failed_trial_is_one_row_and_the_sweep_goes_on(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    tickets = desk.run_all(fails="the loss became nan at step 3 of 5")
    assert len(tickets) == 8
    reasons = [entry.result.reason for entry in desk.entries if entry.number is not None]
    assert reasons == ["the loss became nan at step 3 of 5"] * 6


def test_a_job_that_left_no_result_is_failed(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run(desk.agenda.next())
    desk.run(desk.agenda.next())
    desk.agenda.finish(desk.agenda.next().job, error="OSError: no space left")
    assert desk.entries[-1].result.state == State.FAILED
    assert desk.entries[-1].result.reason == "OSError: no space left"


def test_a_failed_baseline_ends_the_sweep_and_says_which(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    gold = desk.agenda.next()
    desk.run(gold, fails="rank 0 was lost")
    assert desk.agenda.finished
    assert desk.agenda.next() is None
    assert desk.agenda.failure == "the gold model failed: rank 0 was lost"
    assert Desk(config, benchmark).agenda.next().job == gold.job


def test_baselines_that_cannot_be_compared_end_the_sweep_and_say_why(
    config, benchmark, monkeypatch
) -> None:
    broken = {"retain": math.nan, "log_forget_quality": 0.0}
    monkeypatch.setattr("orchestrator.results.measuring.measure", lambda *_: broken)
    desk = Desk(config, benchmark)
    desk.run_all()
    assert desk.agenda.finished
    assert not desk.agenda.complete
    assert desk.agenda.failure.startswith("the baselines cannot be compared: the original")


def test_the_same_sweep_again_runs_nothing_and_tells_of_everything(config, benchmark) -> None:
    first = Desk(config, benchmark)
    first.run_all()
    again = Desk(config, benchmark)
    assert again.run_all() == []
    assert again.agenda.finished
    assert all(entry.cached for entry in again.entries)
    assert key(again.entries) == key(first.entries)


def test_another_sweep_finds_the_jobs_that_its_search_asks_for(config, benchmark) -> None:
    Desk(config, benchmark).run_all()
    renamed = config.model_copy(update={"name": "second"})
    second = Desk(renamed, benchmark)
    assert second.run_all() == []
    assert len([entry for entry in second.entries if entry.cached]) == 8


def test_another_sweep_tries_again_what_failed_by_chance_and_nothing_else(
    config, benchmark
) -> None:
    renamed = config.model_copy(update={"name": "second"})
    Desk(config, benchmark).run_all(fails="rank 0 was lost", by_chance=True)
    assert Desk(config, benchmark).run_all() == [], "this sweep knows how its trials ended"
    assert len(Desk(renamed, benchmark).run_all(fails="the loss became nan")) == 6
    third = config.model_copy(update={"name": "third"})
    assert len(Desk(third, benchmark).run_all()) == 6


def test_a_trial_whose_result_was_deleted_is_run_again_and_told_to_nobody_twice(
    config, benchmark
) -> None:
    first = Desk(config, benchmark)
    deleted = first.run_all()[-1].job
    shutil.rmtree(first.storage.job_folder(deleted.hash))
    again = Desk(config, benchmark)
    (ticket,) = again.run_all(retain=0.7)
    assert ticket.job == deleted
    assert again.agenda.complete
    assert len(again.entries) == len(first.entries)
    assert again.entries[-1].result.metrics["retain"] == 0.7
    assert Desk(config, benchmark).run_all() == []


def test_a_result_found_in_storage_is_held_against_the_gold_model_of_this_sweep(
    config, benchmark, tmp_path
) -> None:
    Desk(config, benchmark).run_all()
    other = tmp_path / "other gold"
    other.mkdir()
    (other / "model.safetensors").write_bytes(b"weights")
    baselines = config.baselines.model_copy(update={"gold": str(other)})
    changed = config.model_copy(update={"name": "second", "baselines": baselines})
    second = Desk(changed, benchmark)
    second.run(second.agenda.next(), nll=3.0)
    assert second.run_all() == []
    found = [e.result.metrics for e in second.entries if e.number is not None]
    # Every truth ratio differs from gold's: ln p of two disjoint samples.
    size = len(benchmark.splits["forget"])
    disjoint = math.log(2 / math.comb(2 * size, size))
    assert [m["log_forget_quality"] for m in found] == pytest.approx([disjoint] * 6)
    assert {m["retain"] for m in found} == {0.8}


def test_a_metric_that_is_not_finite_is_a_failed_row_of_a_continued_sweep_too(
    config, benchmark
) -> None:
    Desk(config, benchmark).run_all(retain=math.nan)
    again = Desk(config, benchmark)
    again.run_all()
    trials = [entry.result for entry in again.entries if entry.number is not None]
    assert [(r.state, r.reason) for r in trials] == [(State.FAILED, "retain is nan")] * 6


def test_a_warm_start_is_held_against_this_sweeps_bounds_and_is_no_trial_of_it(
    config, benchmark, tmp_path
) -> None:
    first = Desk(config, benchmark)
    first.run_all(retain=0.5)
    folder = first.storage.root / "sweeps" / config.name
    warm = config.search.model_copy(update={"warm_start": folder})
    changed = config.model_copy(
        update={"name": "second", "search": warm, "storage": tmp_path / "other"}
    )
    second = Desk(changed, benchmark)
    second.agenda.begin_with(warm_start(changed))
    second.run(second.agenda.next(), nll=3.0)
    second.run(second.agenda.next())
    for search in second.agenda._searches.values():
        past = search._study.get_trials(deepcopy=False)
        assert [trial.user_attrs.get("number") for trial in past] == [None] * 3
        original = second.agenda.reference.original.metrics["retain"]
        # Measured again from its scores, over the items that this search sees.
        here = measure(sheet_of(benchmark, nll=1.0), None, ["retain"])["retain"]
        known = {"retain.at_least": pytest.approx(0.9 * original - here)}
        assert [trial.constraints for trial in past] == [known] * 3
        # Every truth ratio differs from this gold's: ln p of two disjoint samples.
        size = len(benchmark.splits["forget"])
        disjoint = math.log(2 / math.comb(2 * size, size))
        objectives = [trial.user_attrs["objective"] for trial in past]
        assert objectives == pytest.approx([disjoint] * 3)
        assert search.remaining == 3
    second.run_all()
    trials = [entry for entry in second.entries if entry.number is not None]
    assert sorted(entry.number for entry in trials) == [0, 0, 1, 1, 2, 2]
    assert second.agenda.complete


def test_a_metric_that_collapsed_is_marked_for_the_search(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run_all(retain=math.nan)
    again = Desk(config.model_copy(update={"name": "other", "seed": 1}), benchmark)
    again.run_all(fails="rank 0 was lost")
    for made, marked in ((desk, True), (again, False)):
        for search in made.agenda._searches.values():
            trials = search._study.get_trials(deepcopy=False)
            assert [trial.user_attrs.get("collapsed", False) for trial in trials] == [marked] * 3


def test_a_job_asked_for_twice_at_once_runs_once(config, benchmark, monkeypatch) -> None:
    desk = Desk(config, benchmark)
    desk.run(desk.agenda.next())
    desk.run(desk.agenda.next())
    fix_params(desk, monkeypatch)
    tickets = [desk.agenda.next(), desk.agenda.next()]
    assert labels(tickets) == ["ga", "npo"]
    assert desk.agenda.next() is None
    for ticket in tickets:
        desk.run(ticket)
    assert len([entry for entry in desk.entries if entry.number is not None]) == 6


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def with_baselines(config: SweepConfig, benchmark: Benchmark, **how: object) -> Desk:
    desk = Desk(config, benchmark, **how)
    desk.run(desk.agenda.next())
    desk.run(desk.agenda.next())
    return desk


def trials_of(desk: Desk) -> list[tuple[str, int]]:
    return [(e.label, e.number) for e in desk.entries if e.number is not None]


def test_a_sweep_that_goes_on_keeps_the_order_of_its_methods(config, benchmark) -> None:
    first = with_baselines(config, benchmark)
    for _ in range(3):
        first.run(first.agenda.next())
    first.agenda.next()
    assert trials_of(first) == [("ga", 0), ("npo", 0), ("ga", 1)]
    again = Desk(config, benchmark)
    again.run_all()
    assert trials_of(again)[3:] == [("npo", 1), ("ga", 2), ("npo", 2)]


def test_a_method_that_is_added_catches_up(config, benchmark) -> None:
    one = config.model_copy(update={"methods": {"npo": config.methods["npo"]}})
    Desk(one, benchmark).run_all()
    both = Desk(config, benchmark)
    assert labels(both.run_all()) == ["ga"] * 3


def test_a_result_that_a_killed_run_left_untold_is_told_after_the_next_is_asked(
    config, benchmark
) -> None:
    killed = with_baselines(config, benchmark)
    running, waiting = killed.agenda.next(), killed.agenda.next()
    commit(killed, running)
    again = Desk(config, benchmark)
    assert again.agenda.next().job == waiting.job
    assert trials_of(again) == []
    again.agenda.next()
    assert trials_of(again) == [("ga", 0)]
    assert again.ledger.made("ga", 0)
    assert again.ledger.account("ga").num_ended == 1


def commit(desk: Desk, ticket: Ticket) -> None:
    """Writes a result as a trainable would, with nobody left to be told."""
    metrics = {"retain": 0.8, "log_forget_quality": -3.0}
    result = Result(ticket.job, State.DONE, "", metrics, {}, 1.0, (), 0.0)
    desk.storage.commit(result, desk.storage.begin(ticket.job), sheet_of(desk.benchmark, nll=1.0))


def test_who_leaves_counts_what_is_in_storage_and_takes_back_the_rest(config, benchmark) -> None:
    desk = with_baselines(config, benchmark)
    done, running = desk.agenda.next(), desk.agenda.next()
    commit(desk, done)
    desk.agenda.leave()
    assert trials_of(desk) == [("ga", 0)]
    assert not desk.agenda.complete
    states = [t.state.name for s in desk.agenda._searches.values() for t in s._study.trials]
    assert states == ["COMPLETE", "WAITING"]
    assert Desk(config, benchmark).agenda.next().job == running.job


def test_a_job_that_did_not_begin_is_given_out_again(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    gold, original = desk.agenda.next(), desk.agenda.next()
    desk.agenda.withdraw(original.job)
    desk.run(gold)
    assert desk.agenda.next().job == original.job
    desk.run(original)
    trial = desk.agenda.next()
    desk.agenda.withdraw(trial.job)
    assert desk.agenda.next().job == trial.job


def test_why_a_job_left_no_result_is_on_record(config, benchmark) -> None:
    desk = with_baselines(config, benchmark)
    desk.agenda.finish(desk.agenda.next().job, error="its trainable was lost")
    again = Desk(config, benchmark)
    again.run_all()
    reasons = [e.result.reason for e in again.entries if e.label == "ga"]
    assert reasons == ["its trainable was lost", "", ""]


def test_once_the_sweeps_hours_are_over_nothing_new_starts(config, benchmark) -> None:
    clock = Clock()
    config = config.model_copy(update={"budget": BudgetSettings(hours=1)})
    desk = with_baselines(config, benchmark, clock=clock)
    running, waiting = desk.agenda.next(), desk.agenda.next()
    clock.now += 3600
    assert desk.agenda.finished
    assert desk.agenda.next() is None
    desk.agenda.withdraw(waiting.job)
    assert not desk.agenda.complete
    desk.run(running)
    assert desk.agenda.complete
    assert trials_of(desk) == [("ga", 0)]
    more = config.model_copy(update={"budget": BudgetSettings(hours=2)})
    again = Desk(more, benchmark, clock=clock)
    again.run_all()
    assert len(trials_of(again)) == 6


def test_hours_that_are_over_before_the_baselines_end_the_sweep_without_a_reference(
    config, benchmark
) -> None:
    clock = Clock()
    config = config.model_copy(update={"budget": BudgetSettings(hours=1)})
    desk = Desk(config, benchmark, clock=clock)
    gold = desk.agenda.next()
    clock.now += 3600
    assert desk.agenda.next() is None
    assert desk.agenda.finished
    desk.run(gold)
    assert desk.agenda.reference is None


def test_a_method_that_has_used_up_its_own_budget_leaves_the_others_going(
    config, benchmark
) -> None:
    # A job of the desk takes one second of a gang with two CPUs.
    config = config.model_copy(update={"budget": BudgetSettings(method_cpu_hours=4 / 3600)})
    desk = with_baselines(config, benchmark)
    desk.run_all()
    assert trials_of(desk) == [("ga", 0), ("npo", 0), ("ga", 1), ("npo", 1)]
    assert desk.agenda.complete
    assert desk.ledger.limit is None


def test_what_was_found_in_storage_costs_nothing(config, benchmark) -> None:
    Desk(config, benchmark).run_all()
    renamed = config.model_copy(update={"name": "second"})
    second = Desk(renamed, benchmark)
    second.run_all()
    assert second.ledger.total == Use()
    assert not any(second.ledger.made(*trial) for trial in trials_of(second))


def fix_params(desk: Desk, monkeypatch) -> None:
    """Lets every study of the desk suggest one and the same point."""
    for search in desk.agenda._searches.values():
        monkeypatch.setattr(search, "ask", same(search.ask))


def same(ask: Callable) -> Callable:
    def fixed():
        suggestion = ask()
        return type(suggestion)(suggestion.number, {"lr": 1e-3, "l1": 1e-4})

    return fixed


def key(entries: list[Entry]) -> list[tuple[str, Job]]:
    rows = [(e.label, e.number or 0, e.result.job.hash, e.violations) for e in entries]
    return sorted(rows, key=lambda row: row[:3])


def test_trials_are_watched_for_the_floor_and_baselines_are_not(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    first, second = desk.agenda.next(), desk.agenda.next()
    assert (first.guard, second.guard) == (None, None)
    desk.run(first)
    desk.run(second)
    guard = desk.agenda.next().guard
    assert guard.limits[0].metric == "retain"
    assert guard.limits[0].value == desk.agenda.reference.bounds[0].value
    num_steps = config.training.num_steps(len(benchmark.splits["forget"]))
    assert guard.every == math.ceil(num_steps / 20)


def test_a_stopped_trial_is_infeasible_and_says_why(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run_all(retain=0.01, stopped=True)
    trials = [entry for entry in desk.entries if entry.number is not None]
    assert [entry.feasible for entry in trials] == [False] * 6
    assert {entry.result.stopped for entry in trials} == {"stopped at step 2"}


def test_a_trial_that_was_stopped_but_keeps_every_bound_is_a_failure(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run_all(retain=1.0, stopped=True)
    trials = [entry for entry in desk.entries if entry.number is not None]
    assert {entry.result.state for entry in trials} == {State.FAILED}
    assert trials[0].result.reason == "stopped at step 2, but keeps every bound"


def test_a_sweep_with_another_floor_runs_what_was_stopped_and_finds_what_was_not(
    config, benchmark
) -> None:
    first = Desk(config, benchmark)
    tickets = first.run_all()
    stopped = tickets[-2:]
    for ticket in stopped:
        shutil.rmtree(first.storage.job_folder(ticket.job.hash))
    assert len(Desk(config, benchmark).run_all(retain=0.01, stopped=True)) == 2
    lower = {"retain": Constraint(at_least=0.5)}
    search = config.search.model_copy(update={"constraints": lower})
    second = Desk(config.model_copy(update={"name": "second", "search": search}), benchmark)
    assert {t.job.hash for t in second.run_all()} == {t.job.hash for t in stopped}
    assert Desk(config, benchmark).run_all() == [], "a whole training is good for everybody"


def test_a_sweep_that_stops_nothing_takes_no_result_that_was_stopped(config, benchmark) -> None:
    Desk(config, benchmark).run_all(retain=0.01, stopped=True)
    search = config.search.model_copy(update={"stopping": None})
    second = Desk(config.model_copy(update={"name": "second", "search": search}), benchmark)
    tickets = second.run_all()
    assert len(tickets) == 6
    assert {ticket.guard for ticket in tickets} == {None}


def test_a_result_that_another_sweep_has_stopped_is_never_told(config, benchmark) -> None:
    def states(name: str, **ending: object) -> set[str]:
        search = config.search.model_copy(update={"stopping": None})
        desk = Desk(config.model_copy(update={"name": name, "search": search}), benchmark)
        while (ticket := desk.agenda.next()) is not None:
            if "error" in ending:
                desk.agenda.finish(ticket.job, **ending)
            elif ending:
                desk.run(ticket, **ending)
            else:
                break
        desk.agenda.leave()
        return {entry.result.reason for entry in desk.entries if entry.number is not None}

    Desk(config, benchmark).run_all(retain=0.01, stopped=True)
    assert states("left") == set(), "a job that is on its way when the sweep leaves"
    lost = states("lost", error="its trainable was lost")
    assert lost == {"its trainable was lost"}
    given_up = states("given up", fails="given up after 3 attempts", by_chance=True)
    assert given_up == {"lost"}, "what the desk says where there is no result"
    assert states("left again") == set(), "what failed by chance has replaced nothing"
    assert states("wild", fails="the loss became nan", collapsed=True) == {"the loss became nan"}
    assert Desk(config, benchmark).run_all() == [], "now everybody knows"


def test_a_training_that_diverged_is_told_as_a_collapse(config, benchmark) -> None:
    desk = Desk(config, benchmark)
    desk.run_all(fails="the loss became nan at step 3 of 5", collapsed=True)
    journal = (desk.storage.sweep_folder(config.name) / "search.journal").read_text()
    assert journal.count('"collapsed"') == 6


def test_a_result_without_its_weights_is_as_good_as_any_other_and_is_not_made_again(
    config, benchmark
) -> None:
    desk = Desk(config, benchmark)
    tickets = desk.run_all()
    for ticket in tickets[2:]:
        home = desk.storage.job_folder(ticket.job.hash)
        (home / "adapter").mkdir()
        remove_weights(home, "disk.quota")
    again = Desk(config, benchmark)
    assert again.run_all() == []
    assert again.agenda.complete
    assert [e.result.weights_removed for e in again.entries] == [False] * 2 + [True] * 6
    assert all(e.violations is not None for e in again.entries[2:])
    other = Desk(config.model_copy(update={"name": "other"}), benchmark)
    assert other.run_all() == [], "nor by another sweep"
    assert [e.violations for e in other.entries] == [e.violations for e in again.entries]


def test_a_trial_that_a_full_disk_kept_from_being_told_is_told_when_the_sweep_goes_on(
    config, benchmark
) -> None:
    class Over(Exception):
        pass

    def full(error: OSError) -> None:
        raise Over

    for unlucky in range(2, 8):
        name = f"sweep-{unlucky}"
        desk = Desk(config.model_copy(update={"name": name, "seed": unlucky}), benchmark)
        for _ in range(unlucky):
            desk.run(desk.agenda.next())
        ticket = desk.agenda.next()
        if ticket is None:
            continue
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("os.fsync", no_room)
            for search in desk.searches.values():
                search.be_patient(full)
            result = Result(ticket.job, State.DONE, "", MEASURED, {}, 1.0, (), 0.0)
            patched.undo()
            desk.storage.commit(
                result, desk.storage.begin(ticket.job), sheet_of(benchmark, nll=1.0)
            )
            patched.setattr("os.fsync", no_room)
            with pytest.raises(Over):
                desk.agenda.finish(ticket.job, error="")
        again = Desk(config.model_copy(update={"name": name, "seed": unlucky}), benchmark)
        again.run_all()
        assert again.agenda.complete
        numbers = sorted((e.label, e.number) for e in again.entries if e.number is not None)
        assert numbers == [(label, n) for label in ("ga", "npo") for n in range(3)]
        assert all(e.result.state == State.DONE for e in again.entries)


MEASURED = {"retain": 0.8, "log_forget_quality": -3.0}


def no_room(_: int) -> None:
    raise OSError(28, "No space left on device")
