"""A large sweep in storage that nobody has trained, for measuring what is made of one.

It is written as a driver would write it: journal, ledger, members and results are real. Only what
a model says is drawn, around what a learning rate and an L1 of that size may come to.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.text.example import Task as Questions
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.resume import write_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, starting_weights, trial_job
from orchestrator.jobs.finalists import Finalist, finalist, gold_again_job, races, run_of
from orchestrator.limits.ledger import Ledger
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.feasibility import judged
from orchestrator.results.measuring import measured, unguarded_reference
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.members import Member, MemberRole, Members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.family import build_family
from trainers.job import Job, Outcome, Phase, Report

NUM_REPORTS = 4
"""Of a training, as `trainers.loop` makes them."""


def write_sweep(config: SweepConfig) -> Path:
    """Stores a finished sweep of this config, finalists and all, and returns its folder."""
    sweep = Sweep.of(config)
    reference = sweep.write_baselines()
    entries = [entry for label in config.methods for entry in sweep.write_trials(label, reference)]
    sweep.write_finalists(reference, entries)
    sweep.ledger.close()
    return sweep.folder


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that is written to storage job by job."""

    config: SweepConfig
    benchmark: Benchmark
    storage: Storage
    folder: Path
    members: Members
    ledger: Ledger
    weights: str
    """What the baselines are fine-tuned from."""

    @classmethod
    def of(cls, config: SweepConfig) -> "Sweep":
        """Returns a sweep of which there is no job yet."""
        storage = Storage(config.folder)
        folder = storage.sweep_folder(config.name)
        write_config(config, folder)
        ledger = Ledger(folder, gang=config.gang, budget=config.budget)
        benchmark = build_benchmark(config.benchmark)
        weights = starting_weights(config, build_family(config.model))
        return cls(config, benchmark, storage, folder, Members(folder), ledger, weights)

    def write(self, job: Job, member: Member, *, gold: Result | None) -> Result:
        """Stores what the job came to and returns it."""
        self.ledger.give(member.label, member.number, job.hash)
        scores = _scores(job, self.benchmark)
        reports = tuple(
            Report(step, NUM_REPORTS, {"loss": 1.0 / step, "lr": job.training.lr})
            for step in range(1, NUM_REPORTS + 1)
        )
        bare = Result(job, State.DONE, "", {}, {}, 2.0, reports, time.time())
        facts = {"steps": 10.0, "train_s": 1.0, "eval_s": 0.5, "moved": 1.0, "update_norm": 0.5}
        known = None if gold is None else self.storage.sheet(gold.job.hash)
        result = measured(bare, Outcome(scores, facts), gold=known, guard=None)
        result = replace(result, gold="" if gold is None else gold.job.hash)
        self.storage.commit(result, self.storage.begin(job), scores)
        self.ledger.end(job.hash, 2.0)
        self.members.enter(member)
        return result

    def write_baselines(self) -> Reference:
        """Stores both baselines and returns what trials are held against."""
        jobs = [
            job(self.config, self.benchmark, weights=self.weights)
            for job in (original_job, gold_job)
        ]
        roles = MemberRole.ORIGINAL, MemberRole.GOLD
        original, gold = (
            self.write(job, Member(role=role, job=job.hash, label=str(role)), gold=None)
            for job, role in zip(jobs, roles, strict=True)
        )
        return unguarded_reference(original, gold, self.storage, config=self.config)

    def write_trials(self, label: str, reference: Reference) -> list[Entry]:
        """Stores all trials of a method, in the order in which its search has asked for them."""
        search = self.config.search
        study = MethodSearch(
            label,
            space=self.config.space(label),
            settings=self.config.search_for(label),
            folder=self.folder,
            seed=self.config.seed,
        )
        entries = []
        while study.remaining:
            asked = study.ask()
            job = trial_job(
                self.config,
                self.benchmark,
                label=label,
                params=asked.params,
                original=reference.original.job,
            )
            member = Member(
                role=MemberRole.TRIAL,
                job=job.hash,
                label=label,
                number=asked.number,
                params=asked.params,
            )
            result = self.write(job, member, gold=reference.gold)
            result, missed = judged(result, search, reference.bounds)
            assert missed is not None
            objective = result.metrics[search.primary]
            study.tell(asked.number, objective=objective, violations=missed, job=job.hash)
            entries.append(Entry(label, result, asked.number, asked.params, missed))
        study.close()
        return entries

    def write_finalists(self, reference: Reference, entries: list[Entry]) -> None:
        """Stores the gold model under another seed, and all runs of each method's race."""
        again = gold_again_job(self.config, self.benchmark, weights=self.weights)
        if again is not None:
            self._write_finalist(Finalist(again, str(again.phase), None, {}), reference)
        original = reference.original.job
        for label, race in races(self.config, entries, reference).items():
            trials = {entry.number: entry for entry in entries if entry.label == label}
            while race.wanted:
                number, seed = race.wanted[0]
                trial = trials[number]
                final = finalist(self.config, self.benchmark, trial, seed=seed, original=original)
                result = self._write_finalist(final, reference)
                race.runs[number, seed] = run_of(result, self.config.search, reference.bounds)

    def _write_finalist(self, final: Finalist, reference: Reference) -> Result:
        return self.write(final.job, final.member, gold=reference.gold)


def _scores(job: Job, benchmark: Benchmark) -> ScoreSheet:
    """Returns what the job's model might say of each item, drawn by the job's hash."""
    rng = np.random.default_rng(int(job.hash, 16))
    right = _right(job)
    tasks = cast(Sequence[Questions], selected_tasks(benchmark, job.evaluation))
    return ScoreSheet(
        tuple(
            TaskScores(
                task.name,
                task.role,
                task.probability,
                tuple(
                    _item(rng, each.id, each.answer, len(each.perturbed), nll=right[task.role])
                    for each in sorted(task.examples, key=lambda each: each.id)
                ),
            )
            for task in tasks
        )
    )


def _right(job: Job) -> dict[Role, float]:
    """Returns what right answers come to in nats: a larger step, held back less, forgets more."""
    known, unknown = 2.0, 20.0
    forgets = 1.0 if job.phase == Phase.GOLD else 0.0
    harms = 0.0
    if job.phase == Phase.TRIAL:
        step = np.log10(job.training.lr / 1e-4) / np.log10(50) * (1 - job.training.l1)
        forgets, harms = float(np.clip(1.5 * step, 0, 1)), float(np.clip(2 * step - 1, 0, 1))
    forget, retain = (known + part * (unknown - known) for part in (forgets, harms / 4))
    return {role: forget if role in (Role.FORGET, Role.HOLDOUT) else retain for role in Role}


def _item(
    rng: np.random.Generator, name: str, answer: str, num_wrong: int, *, nll: float
) -> ItemScore:
    nlls = [*rng.gamma(4, nll / 4, 2), *rng.gamma(4, 5.0, num_wrong)]
    first, second, *wrong = (AnswerScore(float(each), 10) for each in nlls)
    logprobs = tuple(float(each) for each in -rng.gamma(1, first.nll / 10, 10))
    hits = tuple(each > -1 for each in logprobs)
    return ItemScore(name, answer, first, second, tuple(wrong), logprobs, hits, answer)
