"""Finalists come once the search is over, each once, and are taken back like any other job."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evals.building import build_benchmark
from evals.scores import ScoreSheet
from orchestrator.config.budget import FINALISTS, BudgetSettings
from orchestrator.config.gang import GangSettings
from orchestrator.config.loading import load_config
from orchestrator.driver.callbacks import SweepCallback, member_of
from orchestrator.driver.queue import Queue
from orchestrator.driver.stages.finalists import FinalistStage
from orchestrator.driver.stages.stage import Request, StageContext
from orchestrator.jobs.build import trial_job
from orchestrator.jobs.finalists import finalist, gold_again_job, num_finalists, races
from orchestrator.jobs.ticket import Ticket
from orchestrator.limits.ledger import Ledger
from orchestrator.planning.plan import plan
from orchestrator.results.entry import Entry, Reference
from orchestrator.searching.constraints import Bound
from orchestrator.storage.inspection import set_aside_damaged
from orchestrator.storage.members import MemberRole
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of
from tests.fixtures.sheets import even_sheet
from trainers.early_stopping import Guard, Limit
from trainers.job import Job, Phase

SMALL = ("benchmark.num_people=6", "benchmark.forget_people=2", "methods=[ga,npo]", "seed=7")
GUARD = Guard(
    every=1,
    items=2,
    confidence=0.9,
    patience=1,
    limits=(Limit(metric="retain", side="at_least", value=0.5, whole=0.8, recovery=1.0),),
)


def done(job: Job, *, quality: float = -3.0, **changes: object) -> Result:
    metrics = {"retain": 0.8, "log_forget_quality": quality}
    return replace(Result(job, State.DONE, "", metrics, {}, 2.0, (), 0.0), **changes)


class Trials:
    """Stands for the search: asks for `jobs` one by one."""

    failure: str | None = None
    may_start = True

    def __init__(self, case: "Case", jobs: list[Job]) -> None:
        self._case, self._left = case, jobs

    @property
    def finished(self) -> bool:
        return not self._left

    def begin(self) -> None:
        """Has its jobs already."""

    def next(self) -> Request[None] | None:
        if not self._left:
            return None
        return Request(self._left.pop(0), None, "search", basis=self._case.reference.basis)

    def take(self, request: Request[None], result: Result, *, cached: bool) -> None:
        """Makes nothing of it."""

    def withdraw(self, requests: Sequence[Request[None]]) -> None:
        self._left += [request.job for request in requests]


class Case(SweepCallback):
    """A sweep of two methods whose search has come to two trials each, all but one feasible."""

    def __init__(self, folder: Path, *words: str, budget: BudgetSettings | None = None) -> None:
        self.config = load_config(None, [f"storage={folder}", *SMALL, *words])
        self.benchmark = build_benchmark(self.config.benchmark)
        self.storage = Storage(self.config.folder)
        self.original = original_of(self.config, self.benchmark)
        gold = done(gold_of(self.config, self.benchmark))
        self.reference = Reference(done(self.original), gold, (), GUARD)
        original = self.reference.original
        self.storage.commit(original, self.storage.begin(self.original), None)
        sweep = self.storage.sweep_folder(self.config.name)
        self.now = 0.0
        self.ledger = Ledger(
            sweep,
            gang=GangSettings(),
            budget=budget or BudgetSettings(),
            clock=lambda: self.now,
        )
        self.entries = [
            self.entry("ga", 0, lr=1e-4, quality=-9.0),
            self.entry("ga", 1, lr=2e-4, quality=-5.0),
            self.entry("npo", 0, lr=1e-4, quality=-1.0, missed=0.2),
            self.entry("npo", 1, lr=2e-4, quality=-7.0),
        ]
        self.told: list[Entry] = []
        self.search = Trials(self, [self.job("ga", lr=9e-4)])
        planned = plan(self.config, self.benchmark, storage=self.storage)
        context = StageContext(planned, self.storage, self.ledger, self)
        self.finalists = FinalistStage(context, self, trials=self.entries)
        wanted = [] if self.config.finalists is None else [self.finalists]
        self.queue = Queue([self.search, *wanted], context)

    def on_entry(self, entry: Entry, *, bounds: object) -> None:
        self.told.append(entry)

    def first(self, label: str) -> Job:
        """Returns the first run of a method's first candidate."""
        race = races(self.config, self.entries, self.reference)[label]
        (number, seed), *_ = race.wanted
        trial = next(e for e in self.entries if (e.label, e.number) == (label, number))
        return finalist(self.config, self.benchmark, trial, seed=seed, original=self.original).job

    def job(self, label: str, *, lr: float) -> Job:
        params = {"lr": lr, "l1": 0.01}
        return trial_job(
            self.config, self.benchmark, label=label, params=params, original=self.original
        )

    def entry(
        self, label: str, number: int, *, lr: float, quality: float, missed: float = -0.1
    ) -> Entry:
        result = done(self.job(label, lr=lr), quality=quality)
        params = {"lr": lr, "l1": 0.01}
        return Entry(label, result, number, params, {"retain.at_least": missed})

    def write(self, job: Job, sheet: ScoreSheet | None = None, **changes: object) -> None:
        result = done(job, gold=self.reference.gold.job.hash, **changes)
        self.storage.commit(result, self.storage.begin(job), sheet)

    def run(self, ticket: Ticket, sheet: ScoreSheet | None = None) -> None:
        self.write(ticket.job, sheet)
        self.queue.finish(ticket.job, error="")

    def run_all(self, sheet: ScoreSheet | None = None) -> list[Job]:
        """Runs all that is asked for, each job with these scores, and returns the jobs."""
        jobs = []
        while (ticket := self.queue.next()) is not None:
            jobs.append(ticket.job)
            self.run(ticket, sheet)
        return jobs


@pytest.fixture
def case(tmp_path: Path) -> Callable[..., Case]:
    return lambda *words, **how: Case(tmp_path, *words, **how)


def test_each_methods_best_feasible_setting_is_run_on_the_seeds_that_follow(case) -> None:
    sweep = case("finalists.seeds=2")
    _, gold, *finals = sweep.run_all()
    assert (gold.phase, gold.seed) == (Phase.GOLD, 8)
    assert [(job.method.name, job.seed, job.training.lr) for job in finals] == [
        ("ga", 8, 2e-4),
        ("npo", 8, 2e-4),
        ("ga", 9, 2e-4),
        ("npo", 9, 2e-4),
    ]
    assert all(job.base == sweep.original.hash for job in finals)
    assert len(finals) + 1 + 2 * sweep.config.finalists.spare == num_finalists(sweep.config)
    assert sweep.queue.complete


def test_finalists_wait_until_the_last_trial_has_come_back(case) -> None:
    sweep = case()
    trial = sweep.queue.next()
    assert sweep.queue.next() is None
    assert not sweep.queue.finished
    sweep.queue.finish(trial.job, error="")
    assert sweep.queue.next().job.phase == Phase.GOLD


def test_a_finalist_is_trained_to_its_end_whatever_the_probes_would_say(case) -> None:
    sweep = case("finalists.seeds=1")
    trial = sweep.queue.next()
    assert trial.guard is not None
    sweep.run(trial)
    sweep.run(sweep.queue.next())
    final = sweep.queue.next()
    assert final.guard is None
    assert final.gold == sweep.reference.gold.job.hash


def test_what_is_told_says_which_trial_was_repeated(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run_all()
    members = [member_of(entry) for entry in sweep.told]
    assert [(m.role, m.label, m.number) for m in members] == [
        (MemberRole.GOLD_AGAIN, "gold", None),
        (MemberRole.FINAL, "ga", 1),
        (MemberRole.FINAL, "npo", 1),
    ]
    assert [entry.cached for entry in sweep.told] == [False] * 3


def test_a_method_without_a_feasible_trial_has_no_finalist(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.entries[:] = [e for e in sweep.entries if (e.label, e.number) != ("npo", 1)]
    sweep.run_all()
    assert [entry.label for entry in sweep.told] == ["gold", "ga"]


def test_a_gold_model_that_was_given_has_no_second_seed(case) -> None:
    sweep = case("finalists.seeds=1", "finalists.spare=0")
    baselines = sweep.config.baselines.model_copy(update={"gold": "somewhere"})
    config = sweep.config.model_copy(update={"baselines": baselines})
    assert gold_again_job(config, sweep.benchmark, weights=sweep.original.weights) is None
    assert num_finalists(config) == 2


def below(sweep: Case, ticket: Ticket) -> None:
    """Lets the job of a ticket end below the floor."""
    sweep.write(ticket.job, metrics={"retain": 0.5, "log_forget_quality": -1.0})
    sweep.queue.finish(ticket.job, error="")


def racing(case: Callable[..., Case], *words: str) -> Case:
    """A sweep with a floor, whose search and second gold model are done."""
    sweep = case(*words)
    floor = Bound("retain", "at_least", 0.7)
    sweep.reference = replace(sweep.reference, bounds=(floor,))
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    return sweep


def test_a_candidate_that_breaks_the_floor_gives_way_to_the_next(case) -> None:
    sweep = racing(case, "finalists.seeds=2")
    below(sweep, sweep.queue.next())
    sweep.run_all()
    runs = [(each.label, each.number, each.result.job.seed) for each in sweep.told[1:]]
    assert runs == [("ga", 1, 8), ("ga", 0, 8), ("npo", 1, 8), ("ga", 0, 9), ("npo", 1, 9)]
    assert sweep.finalists.standing == {"ga": 0, "npo": 1}
    assert sweep.queue.complete


def test_a_race_waits_for_the_run_that_decides_it_and_no_other_waits_for_that(case) -> None:
    sweep = racing(case, "finalists.seeds=2")
    ga, npo = sweep.queue.next(), sweep.queue.next()
    assert sweep.queue.next() is None
    assert not sweep.queue.finished
    sweep.run(npo)
    assert sweep.queue.next().job.method.name == "npo"
    below(sweep, ga)
    assert sweep.queue.next().job.training.lr == 1e-4


def test_a_race_that_is_resumed_goes_on_as_it_was(case) -> None:
    sweep = racing(case, "finalists.seeds=2")
    below(sweep, sweep.queue.next())
    again = case("finalists.seeds=2")
    again.reference = sweep.reference
    jobs = again.run_all()
    assert again.finalists.standing == {"ga": 0, "npo": 1}
    assert [(job.method.name, job.training.lr, job.seed) for job in jobs] == [
        ("ga", 1e-4, 8),
        ("npo", 2e-4, 8),
        ("ga", 1e-4, 9),
        ("npo", 2e-4, 9),
    ]
    once_more = case("finalists.seeds=2")
    once_more.reference = sweep.reference
    assert once_more.run_all() == []
    assert once_more.finalists.standing == again.finalists.standing


BOTH = (
    "search.objective=[log_forget_quality,retain]",
    "finalists={seeds: 2, points: 2, spare: 1}",
)


def along_fronts(case: Callable[..., Case]) -> Case:
    """A sweep of two objectives, in which GA's second trial forgets more and retains less."""
    sweep = case(*BOTH)
    floor, original = Bound("retain", "at_least", 0.5), done(sweep.original, quality=-40.0)
    sweep.reference = replace(sweep.reference, bounds=(floor,), original=original)
    trial = sweep.entries[1]
    metrics = {**trial.result.metrics, "retain": 0.7}
    sweep.entries[1] = replace(trial, result=replace(trial.result, metrics=metrics))
    return sweep


def test_of_several_objectives_points_along_the_front_race_at_once_within_the_reserve(case) -> None:
    sweep = along_fronts(case)
    runs = [(job.method.name, job.training.lr, job.seed) for job in sweep.run_all() if job.base][1:]
    # NPO's other trial is infeasible.
    first = [("ga", 2e-4, 8), ("ga", 1e-4, 8), ("npo", 2e-4, 8)]
    assert runs == [*first, *((name, lr, 9) for name, lr, _ in first)]
    assert len(runs) + 1 <= num_finalists(sweep.config) == 2 * (2 * 2 + 1) + 1


def test_of_several_objectives_a_race_that_is_resumed_ends_with_the_same_runs(case) -> None:
    sweep = along_fronts(case)
    for _ in range(3):  # a trial, the second gold model and GA's first run
        sweep.run(sweep.queue.next())
    below(sweep, sweep.queue.next())  # by the sweep's floor it holds all the same
    again = along_fronts(case)
    jobs = again.run_all()
    assert len(jobs) == len({job.hash for job in jobs}) == 4
    told = {(e.label, e.number, e.result.job.seed) for e in again.told[1:]}
    assert told == {
        (*which, seed) for which in (("ga", 1), ("ga", 0), ("npo", 1)) for seed in (8, 9)
    }
    assert again.finalists.standing == {"ga": 1, "npo": 1}


def test_a_sweep_without_finalists_ends_with_its_search(case) -> None:
    sweep = case("finalists=null")
    assert len(sweep.run_all()) == 1
    assert sweep.queue.complete
    assert num_finalists(sweep.config) == 0


def test_what_is_in_storage_is_told_of_and_not_run_again(case, tmp_path) -> None:
    case("finalists.seeds=1").run_all()
    again = case("finalists.seeds=1")
    assert again.run_all() == []
    assert [entry.cached for entry in again.told] == [True] * 3


def test_one_whose_scores_are_gone_is_run_again_and_the_others_are_not(case) -> None:
    sweep = case("finalists.seeds=1")
    sheet = even_sheet(sweep.benchmark)
    finals = sweep.run_all(sheet)[1:]
    (sweep.storage.job_folder(finals[1].hash) / "scores.json").unlink()
    said = list[str]()
    set_aside_damaged(sweep.storage, say=said.append)  # as a sweep does that goes on
    assert ["scores.json" in line for line in said] == [True]
    again = case("finalists.seeds=1")
    assert again.run_all(sheet) == [finals[1]]
    assert [entry.cached for entry in again.told] == [True, False, True]


def test_a_result_that_was_stopped_early_is_no_finalists(case) -> None:
    sweep = case("finalists.seeds=1")
    ga = sweep.first("ga")
    sweep.write(ga, stopped="stopped at step 2", guard=GUARD.hash)
    assert ga in sweep.run_all()


def test_a_finalist_that_fails_for_good_is_told_of_and_the_others_go_on(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    failed = sweep.queue.next()
    sweep.queue.finish(failed.job, error="its trainable was lost")
    assert sweep.told[-1].result.reason == "its trainable was lost"
    sweep.run_all()
    assert sweep.told[-1].label == "npo"


def test_a_finalist_that_did_not_begin_comes_again(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run(sweep.queue.next())
    gold = sweep.queue.next()
    sweep.queue.withdraw(gold.job)
    assert not sweep.queue.complete
    assert sweep.queue.next().job == gold.job


def test_who_leaves_counts_what_is_there_and_takes_back_the_rest(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run(sweep.queue.next())
    gold, ga = sweep.queue.next(), sweep.queue.next()
    sweep.write(gold.job)
    sweep.queue.leave()
    assert [entry.label for entry in sweep.told] == ["gold"]
    assert sweep.queue.next().job == ga.job


def test_finalists_are_booked_for_themselves(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run_all()
    assert sweep.ledger.account(FINALISTS).use.gang_s == 6.0
    assert sweep.ledger.account("ga").use.gang_s == 0.0


def test_a_sweep_whose_budget_is_used_up_has_no_finalists(case) -> None:
    sweep = case(budget=BudgetSettings(hours=1))
    sweep.run(sweep.queue.next())
    sweep.now = 4000.0
    assert sweep.queue.next() is None
    assert sweep.queue.finished


def test_a_sweep_that_cannot_go_on_has_no_finalists(case) -> None:
    sweep = case()
    sweep.search.failure = "the gold model failed"
    assert sweep.queue.next() is None
    assert sweep.queue.finished
    assert not sweep.queue.complete


def test_two_labels_with_the_same_best_job_run_it_once_and_both_are_told(case) -> None:
    sweep = case("finalists.seeds=1", "methods={ga: {}, npo: {method: ga}}")
    jobs = sweep.run_all()
    assert len(jobs) == 3
    assert [entry.label for entry in sweep.told] == ["gold", "ga", "npo"]
    assert sweep.queue.complete


def test_a_finalist_found_after_a_kill_is_ended_in_the_ledger(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run(sweep.queue.next())
    gold = sweep.queue.next()
    sweep.write(gold.job)
    again = case("finalists.seeds=1")
    again.run_all()
    assert again.ledger.account(FINALISTS).num_ended == 3
    assert again.ledger.account(FINALISTS).use.gang_s == 6.0


def test_finalists_begin_only_while_the_budget_has_room_for_them(case) -> None:
    sweep = case("finalists.seeds=2", budget=BudgetSettings(cpu_hours=14.0 / 3600))
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    assert sweep.queue.next() is not None
    assert sweep.queue.next() is None
    assert not sweep.queue.finished


def test_what_does_not_stand_is_no_finalists_for_who_leaves_either(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    ga = sweep.queue.next()
    sweep.write(ga.job, stopped="stopped at step 2", guard=GUARD.hash)
    sweep.queue.leave()
    assert [entry.label for entry in sweep.told] == ["gold"]
    assert sweep.queue.next().job == ga.job


def test_a_finalist_without_a_result_is_put_on_record_with_the_reason(case) -> None:
    sweep = case("finalists.seeds=1")
    sweep.run(sweep.queue.next())
    gold = sweep.queue.next()
    sweep.queue.finish(gold.job, error="its trainable was lost")
    assert sweep.storage.find(gold.job).reason == "its trainable was lost"
