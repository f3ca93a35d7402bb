"""The models for attacks come split by split, each once, and what is missing is gone on with."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evals.building import build_benchmark
from evals.splits import World, at_split
from orchestrator.config.budget import ATTACKS, BudgetSettings
from orchestrator.config.gang import GangSettings
from orchestrator.config.loading import load_config
from orchestrator.driver.callbacks import SweepCallback
from orchestrator.driver.queue import Queue
from orchestrator.driver.stages.attacks import AttackStage
from orchestrator.driver.stages.stage import StageContext
from orchestrator.jobs.build import trial_job
from orchestrator.jobs.shadows import Shadow
from orchestrator.jobs.ticket import Ticket
from orchestrator.limits.ledger import Ledger
from orchestrator.planning.plan import plan
from orchestrator.results.entry import Entry
from orchestrator.storage.members import MemberRole
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import remove_weights
from tests.fixtures.baselines import gold_of, original_of
from trainers.job import MODEL, Job, Phase

CONFIG = Path(__file__).parents[4] / "configs" / "vision_tiny.yaml"
WORDS = (
    "benchmark={name: portraits, forget_people: 1, holdout_people: 1, retain_people: 8, "
    "other_people: 8, pictures_per_person: 2, enrolled: 1, size: 16, num_splits: 18, split: 3}",
    "methods=[gd,scrub]",
    "finalists=null",
    "attacks={targets: 8, shadows: 8, pack: 6}",
    "search.splits=1",
)
PER_SPLIT = 3
"""Models: of the two methods only one has a feasible trial."""
NUM_SPLITS = 16


class Sweep(SweepCallback):
    """A sweep whose search is over, and the last stage of it in one run or several."""

    def __init__(self, folder: Path, *words: str) -> None:
        config = load_config(str(CONFIG), [f"storage={folder}", *WORDS, *words])
        self.config, self.storage = config, Storage(config.folder)
        self.benchmark = build_benchmark(config.benchmark)
        self.plan = plan(config, self.benchmark, storage=self.storage)
        self.now = 0.0
        self.entries = [self.trial("gd", 4, missed=-0.1), self.trial("scrub", 2, missed=0.1)]
        self.begin()

    def begin(self, budget: BudgetSettings | None = None) -> None:
        """Begins another run of the sweep in the same folder."""
        self.told: list[tuple[Shadow, bool]] = []
        self.ended: list[list[str]] = []
        self.total = 0
        self.ledger = Ledger(
            self.storage.sweep_folder(self.config.name),
            gang=GangSettings(),
            budget=budget or BudgetSettings(),
            clock=lambda: self.now,
        )
        context = StageContext(self.plan, self.storage, self.ledger, self)
        self.stage = AttackStage(context, trials=self.entries)
        self.queue = Queue([self.stage], context)

    def trial(self, label: str, number: int, *, missed: float) -> Entry:
        original, params = original_of(self.config, self.benchmark), {"lr": 0.1}
        job = trial_job(self.config, self.benchmark, label=label, params=params, original=original)
        found = self.done(job, accuracy_gap=0.1)
        return Entry(label, found, number, params, {"retain_accuracy.at_least": missed})

    def on_attacks(self, total: int) -> None:
        self.total = total

    def on_shadow(self, shadow: Shadow, result: Result, *, cached: bool) -> None:
        self.told.append((shadow, cached))

    def on_split_end(self, jobs: list[str]) -> None:
        self.ended.append(list(jobs))

    def done(self, job: Job, **metrics: float) -> Result:
        return Result(job, State.DONE, "", {"retain_accuracy": 1.0, **metrics}, {}, 2.0, (), 0.0)

    def packs(self) -> Iterator[list[Ticket]]:
        """Yields what is given out, a pack at a time, until there is no more now."""
        while (ticket := self.queue.next()) is not None:
            yield [ticket, *ticket.following]

    def run(self, ticket: Ticket, *, weights: bool = True) -> None:
        folder = self.storage.begin(ticket.job)
        if weights:
            (folder / MODEL).mkdir()
            (folder / MODEL / "model.safetensors").write_bytes(b"weights")
        self.storage.commit(self.done(ticket.job), folder, None)
        self.queue.finish(ticket.job, error="")

    def run_all(self) -> list[Job]:
        jobs = []
        for pack in self.packs():
            for ticket in pack:
                self.run(ticket)
                jobs.append(ticket.job)
        return jobs


@pytest.fixture
def begun(tmp_path: Path) -> Callable[..., Sweep]:
    return lambda *words: Sweep(tmp_path, *words)


def split_of(job: Job) -> object:
    return job.benchmark.settings["split"]


def test_a_pack_is_whole_splits_whose_baselines_come_before_what_needs_them(begun) -> None:
    sweep = begun()
    pack = next(sweep.packs())
    assert [split_of(ticket.job) for ticket in pack] == [0, 0, 0, 1, 1, 1]
    phases = [Phase.GOLD, Phase.ORIGINAL, Phase.TRIAL]
    assert [ticket.job.phase for ticket in pack] == 2 * phases
    gold, original, trial = pack[3:]
    here = sweep.config.model_copy(update={"benchmark": at_split(sweep.config.benchmark, 1)})
    assert original.job == original_of(here, build_benchmark(here.benchmark))
    assert gold.job == gold_of(here, build_benchmark(here.benchmark))
    assert trial.job.base == original.job.hash
    assert trial.base == str(sweep.storage.job_folder(original.job.hash) / MODEL)
    assert trial.gold == gold.job.hash
    assert trial.job.method.name == "gd"
    assert trial.job.training.lr == 0.1
    assert trial.guard is None


def test_every_split_but_the_sweeps_own_is_there_once(begun) -> None:
    sweep = begun()
    jobs = sweep.run_all()
    assert len({job.hash for job in jobs}) == len(jobs) == PER_SPLIT * NUM_SPLITS == sweep.total
    own = {split for kinds in sweep.plan.attack_splits.values() for split in kinds.all}
    assert {split_of(job) for job in jobs} == own == {*range(17)} - {3}
    assert sweep.queue.complete
    assert len(sweep.ended) == NUM_SPLITS
    assert {len(jobs) for jobs in sweep.ended} == {PER_SPLIT}


def test_half_of_each_kind_is_of_either_world(begun) -> None:
    found = begun().plan.attack_splits
    assert found[World.FORGET].targets == (0, 1, 2, 4)
    assert found[World.FORGET].shadows == (5, 6, 7, 8)
    assert found[World.HOLDOUT].targets == (9, 10, 11, 12)
    assert found[World.HOLDOUT].shadows == (13, 14, 15, 16)


def test_a_sweep_that_was_killed_runs_what_is_missing_and_comes_to_the_same(begun) -> None:
    sweep = begun()
    packs = sweep.packs()
    for ticket in next(packs):
        sweep.run(ticket)
    first, second, *_ = next(packs)
    for ticket in (first, second):
        sweep.run(ticket)
    sweep.begin()
    assert sweep.ledger.total.gang_s == 2.0 * 8
    jobs = sweep.run_all()
    assert len(jobs) == PER_SPLIT * NUM_SPLITS - 8
    assert jobs[0].base == second.job.hash, "its original is there, it is not"
    assert sum(cached for _, cached in sweep.told) == 8
    assert len(sweep.told) == PER_SPLIT * NUM_SPLITS
    held = {(shadow.label, shadow.split, result.job.hash) for shadow, result in sweep.stage.found}
    sweep.begin()
    assert sweep.run_all() == []
    assert sweep.queue.complete
    assert held == {(s.label, s.split, result.job.hash) for s, result in sweep.stage.found}
    assert len(held) == PER_SPLIT * NUM_SPLITS


def test_what_did_not_begin_comes_next_again_in_its_order(begun) -> None:
    sweep = begun()
    pack = next(sweep.packs())
    sweep.run(pack[0])
    for ticket in reversed(pack[1:]):
        sweep.queue.withdraw(ticket.job)
    again = next(sweep.packs())
    assert [ticket.job for ticket in again] == [ticket.job for ticket in pack[1:]]


def test_an_original_without_weights_is_made_again_where_something_starts_from_it(begun) -> None:
    sweep = begun()
    jobs = sweep.run_all()
    originals = [job for job in jobs if job.phase == Phase.ORIGINAL]
    for job in originals[:1] + originals[2:]:
        remove_weights(sweep.storage.job_folder(job.hash), "too little disk")
    sweep.begin()
    assert sweep.run_all() == []
    shutil.rmtree(sweep.storage.model_folder(originals[1]), ignore_errors=True)  # not fetched
    sweep.entries[1] = sweep.trial("scrub", 2, missed=-0.1)
    sweep.begin()
    jobs = sweep.run_all()
    assert len(jobs) == 2 * NUM_SPLITS
    assert [job for job in jobs if job.phase == Phase.ORIGINAL] == originals
    assert all(sweep.storage.model_folder(job).is_dir() for job in originals)


def test_nothing_begins_once_the_budget_is_used_up(begun) -> None:
    sweep = begun()
    sweep.begin(BudgetSettings(cpu_hours=10 / 3600))
    packs = sweep.packs()
    for ticket in next(packs):
        sweep.run(ticket)
    assert list(packs) == []
    assert sweep.queue.finished
    sweep.begin(BudgetSettings(cpu_hours=10 / 3600))
    assert list(sweep.packs()) == []


def test_they_are_booked_for_themselves_and_taken_down_with_their_split(begun) -> None:
    sweep = begun()
    sweep.run(next(sweep.packs())[2])
    assert sweep.ledger.account(ATTACKS).use.gang_s == 2.0
    member = sweep.told[0][0].member
    assert (member.role, member.label, member.number) == (MemberRole.SHADOW, "gd", 4)
    assert (member.split, member.params) == (0, {"lr": 0.1})
