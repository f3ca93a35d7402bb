"""A sweep is read from its folder alone, as far as it has come."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.scores import AnswerScore, ItemScore, ScoreSheet, TaskScores
from orchestrator.baselines import gold_job, original_job, trial_job
from orchestrator.config import SweepConfig
from orchestrator.continuity import write_config
from orchestrator.ledger import Ledger
from orchestrator.loading import load_config
from orchestrator.reporting.record import SweepRecord, read_record
from orchestrator.result import Result, State
from orchestrator.storing.members import MEMBERS_FILE, Member, Members, Role
from orchestrator.storing.records import Storage
from trainers.job import Job

WORDS = (
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "methods=[ga,npo]",
    "search.trials=2",
    "finalists.seeds=1",
    "evaluation.metrics=[retain,log_forget_quality]",
)


class Sweep:
    """A finished sweep of two methods in storage, made by no driver."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.config = load_config(None, [f"storage={folder}", *WORDS, *words])
        self.storage = Storage(self.config.folder)
        self.folder = self.storage.sweep_folder(self.config.name)
        self.benchmark = build_benchmark(self.config.benchmark)
        write_config(self.config, self.folder)
        self.ledger = Ledger(self.folder, gang_cpus=2, gang_gpus=0, budget=self.config.budget)
        self.members = Members(self.folder)
        self.original = original_job(self.config, self.benchmark)
        self.gold = gold_job(self.config, self.benchmark)

    def fill(self) -> "Sweep":
        self.write(self.original, Role.ORIGINAL, "original", retain=0.8)
        self.write(self.gold, Role.GOLD, "gold", retain=0.82)
        for label in ("ga", "npo"):
            self.write_trial(label, 0, lr=1e-4, retain=0.79)
            self.write_trial(label, 1, lr=2e-3, retain=0.1 if label == "npo" else 0.75)
        self.write_final("ga", 1, lr=2e-3)
        self.write_final("npo", 0, lr=1e-4)
        again = gold_job(seeded(self.config), self.benchmark)
        self.write(again, Role.GOLD_AGAIN, "gold", retain=0.8)
        return self

    def trial(self, label: str, *, lr: float, config: SweepConfig | None = None) -> Job:
        return trial_job(
            config or self.config,
            self.benchmark,
            label=label,
            params={"lr": lr, "l1": 0.01},
            original=self.original,
        )

    def write_trial(self, label: str, number: int, *, lr: float, retain: float) -> None:
        job = self.trial(label, lr=lr)
        # The objective is the higher the larger the learning rate.
        self.write(job, Role.TRIAL, label, number, retain=retain, quality=-3 + 100 * lr)

    def write_final(self, label: str, number: int, *, lr: float) -> None:
        job = self.trial(label, lr=lr, config=seeded(self.config))
        self.write(job, Role.FINAL, label, number, retain=0.77)

    def write(
        self,
        job: Job,
        role: Role,
        label: str,
        number: int | None = None,
        *,
        retain: float,
        quality: float = -3.0,
    ) -> None:
        metrics = {"retain": retain, "log_forget_quality": quality}
        result = Result(job, State.DONE, "", metrics, {}, 2.0, (), 0.0)
        self.ledger.give(label, number, job.hash)
        self.ledger.end(job.hash, 2.0)
        self.storage.commit(result, self.storage.begin(job), self.sheet())
        params = {} if number is None else {"lr": job.training.lr, "l1": job.training.l1}
        self.members.enter(
            Member(role=role, job=job.hash, label=label, number=number, params=params)
        )

    def sheet(self) -> ScoreSheet:
        score = AnswerScore(1.0, 4)
        wrong = (AnswerScore(2.0, 4),) * 3
        return ScoreSheet(
            tuple(
                TaskScores(
                    task.name,
                    task.role,
                    task.probability,
                    tuple(
                        ItemScore(e.id, e.answer, score, score, wrong, (), ())
                        for e in sorted(task.examples, key=lambda e: e.id)
                    ),
                )
                for task in self.benchmark.tasks
            )
        )

    def read(self) -> SweepRecord:
        return read_record(str(self.folder))


def seeded(config: SweepConfig) -> SweepConfig:
    return config.model_copy(update={"seed": config.seed + 1})


@pytest.fixture
def sweep(tmp_path: Path) -> Callable[..., Sweep]:
    return lambda *words: Sweep(tmp_path / "storage", *words)


def test_a_finished_sweep_is_read_whole(sweep) -> None:
    record = sweep().fill().read()
    assert record.gaps == ()
    assert [(e.label, e.number) for e in record.entries] == [
        ("original", None),
        ("gold", None),
        ("ga", 0),
        ("ga", 1),
        ("npo", 0),
        ("npo", 1),
    ]
    assert [e.feasible for e in record.entries[2:]] == [True, True, True, False]
    assert record.entries[2].params == {"lr": 1e-4, "l1": 0.01}
    assert [(r.label, r.number) for r in record.replicates] == [("ga", 1), ("npo", 0)]
    assert record.gold_again is not None


def test_metrics_that_look_at_gold_are_measured_for_the_second_gold_model(sweep) -> None:
    record = sweep().fill().read()
    assert record.gold_again.metrics["log_forget_quality"] == pytest.approx(0.0, abs=1e-9)


def test_runs_of_a_trial_that_is_no_longer_the_best_are_left_out(sweep) -> None:
    made = sweep().fill()
    made.write_trial("ga", 2, lr=3e-3, retain=0.78)
    record = made.read()
    assert [(r.label, r.number) for r in record.replicates] == [("npo", 0)]
    assert record.gaps == ("Runs of finalists that are not done yet: 1.",)


def test_what_was_used_is_read_and_nothing_written(sweep) -> None:
    made = sweep().fill()
    files = {f: f.stat().st_mtime_ns for f in made.folder.iterdir()}
    record = made.read()
    assert record.books.account("ga").use.gang_s == 6.0
    assert {f: f.stat().st_mtime_ns for f in made.folder.iterdir()} == files


def test_a_sweep_without_baselines_says_so(sweep) -> None:
    record = sweep().read()
    assert record.reference is None
    assert record.entries == ()
    assert record.gaps[0].startswith("The baselines are not both done")


def test_a_sweep_that_is_half_done_says_which_trials_are_missing(sweep) -> None:
    made = sweep()
    made.write(made.original, Role.ORIGINAL, "original", retain=0.8)
    made.write(made.gold, Role.GOLD, "gold", retain=0.8)
    made.write_trial("ga", 0, lr=1e-4, retain=0.79)
    record = made.read()
    assert len(record.entries) == 3
    assert record.gaps == ("Trials that are not done yet: ga 1 of 2, npo 0 of 2.",)


def test_results_that_are_gone_are_named(sweep) -> None:
    made = sweep().fill()
    job = made.trial("ga", lr=1e-4).hash
    shutil.rmtree(made.storage.job_folder(job))
    record = made.read()
    assert record.gaps == (f"The records of 1 jobs are gone from storage: {job}.",)
    assert [(e.label, e.number) for e in record.entries if e.label == "ga"] == [("ga", 1)]


def test_a_trial_that_was_found_is_held_against_the_gold_model_of_this_sweep(sweep) -> None:
    made = sweep().fill()
    lines = (made.folder / MEMBERS_FILE).read_text("utf-8").splitlines()
    found = json.loads(lines[2]) | {"number": 9}
    (made.folder / MEMBERS_FILE).write_text("\n".join([*lines, json.dumps(found), ""]), "utf-8")
    record = made.read()
    own, other = (e for e in record.entries if e.result.job.hash == found["job"])
    assert (own.cached, other.cached) == (False, True)
    assert own.result.metrics["log_forget_quality"] == pytest.approx(-2.99)
    assert other.result.metrics["log_forget_quality"] == pytest.approx(0.0, abs=1e-9)


def test_a_failed_trial_is_an_entry_without_violations(sweep) -> None:
    made = sweep().fill()
    job = made.trial("ga", lr=4e-3)
    failed = replace(
        Result(job, State.FAILED, "the loss is nan", {}, {}, 1.0, (), 0.0), collapsed=True
    )
    made.storage.commit(failed, made.storage.begin(job), None)
    made.members.enter(Member(role=Role.TRIAL, job=job.hash, label="ga", number=2, params={}))
    (entry,) = (e for e in made.read().entries if e.result.state == State.FAILED)
    assert entry.violations is None


def test_a_folder_that_moved_is_read_where_it_is(sweep, tmp_path) -> None:
    made = sweep().fill()
    made.storage.root.rename(tmp_path / "moved")
    record = read_record(str(tmp_path / "moved" / "sweeps" / made.config.name))
    assert len(record.entries) == 6
    assert record.storage.root == tmp_path / "moved"


def test_a_folder_that_is_no_sweeps_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"DIR must be the folder of a sweep, .* has no config"):
        read_record(str(tmp_path))


def test_neither_ray_nor_optuna_nor_mlflow_is_needed(sweep) -> None:
    made = sweep().fill()
    code = (
        "import sys\n"
        "from orchestrator.reporting.record import read_record\n"
        f"assert len(read_record({str(made.folder)!r}).entries) == 6\n"
        "print(sorted({'ray', 'optuna', 'mlflow', 'deepspeed'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
