"""Sweeps without any training: of a large model, and one whose results were made up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.choice import validated
from evals.scores import ScoreSheet
from evals.text.example import Example, Probability, Task
from orchestrator.config.loading import load_config
from orchestrator.config.resume import write_config
from orchestrator.config.sections import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, trial_job
from orchestrator.limits.ledger import Ledger
from orchestrator.reporting.sweep_record import SweepRecord, read_record
from orchestrator.storage.members import Member, MemberRole, Members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.sheets import even_sheet
from trainers.job import Job


@pytest.fixture(scope="session")
def llama_2_7b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the published configuration and no weights."""
    folder = tmp_path_factory.mktemp("llama")
    config = LlamaConfig(
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        vocab_size=32000,
        dtype="bfloat16",
    )
    config.save_pretrained(folder)
    return folder


@pytest.fixture
def large_sweep(llama_2_7b: Path, tmp_path: Path) -> Callable[..., SweepConfig]:
    """Returns `sweep(**changes)`: full fine-tuning, then adapters, on gangs of four GPUs."""

    def sweep(**changes: Any) -> SweepConfig:
        raw = {
            "name": "large",
            "storage": str(tmp_path / "runs"),
            "benchmark": {"name": "characters"},
            "model": {"name": "causal_lm", "path": str(llama_2_7b)},
            "methods": {"ga": {}, "kl": {}},
            "baselines": {"training": {"batch_size": 8, "micro_batch_size": 2}},
            "training": {"batch_size": 8, "micro_batch_size": 2},
            "engine": {"zero_stage": 2, "dtype": "bf16"},
            "evaluation": {"metrics": ["retain", "log_forget_quality"], "batch_size": 4},
            "gang": {"ranks": 4, "gpus_per_rank": 1},
            "search": {"trials": 3},
            "finalists": None,
            **changes,
        }
        config: SweepConfig = validated(SweepConfig, raw, key="")
        return config

    return sweep


@pytest.fixture
def few_people() -> Benchmark:
    """12 people to be forgotten and 20 to be retained, with texts of equal length."""
    everyone = tuple(Example(f"p{i:02}", f"Who is {i:02}?", f"{i:02}" * 24) for i in range(32))
    forget, retain = everyone[:12], everyone[12:]
    tasks = (
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, retain),
    )
    splits = {"full": everyone, "forget": forget, "retain": retain, "holdout": ()}
    return Benchmark("people", splits, tasks, ("I do not know.",))


WORDS = (
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "methods=[ga,npo]",
    "search.trials=2",
    "finalists.seeds=1",
    "evaluation.metrics=[retain,log_forget_quality]",
)


class StoredSweep:
    """A finished sweep of two methods in storage, made by no driver."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.config = load_config(None, [f"storage={folder}", *WORDS, *words])
        self.storage = Storage(self.config.folder)
        self.folder = self.storage.sweep_folder(self.config.name)
        self.benchmark = build_benchmark(self.config.benchmark)
        write_config(self.config, self.folder)
        self.ledger = Ledger(self.folder, gang=GangSettings(), budget=self.config.budget)
        self.members = Members(self.folder)
        self.original = original_job(self.config, self.benchmark)
        self.gold = gold_job(self.config, self.benchmark)

    def fill(self) -> "StoredSweep":
        self.write(self.original, MemberRole.ORIGINAL, "original", retain=0.8)
        self.write(self.gold, MemberRole.GOLD, "gold", retain=0.82)
        for label in ("ga", "npo"):
            self.write_trial(label, 0, lr=1e-4, retain=0.79)
            self.write_trial(label, 1, lr=2e-3, retain=0.1 if label == "npo" else 0.75)
        self.write_final("ga", 1, lr=2e-3)
        self.write_final("npo", 0, lr=1e-4)
        again = gold_job(seeded(self.config), self.benchmark)
        self.write(again, MemberRole.GOLD_AGAIN, "gold", retain=0.8)
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
        self.write(job, MemberRole.TRIAL, label, number, retain=retain, quality=-3 + 100 * lr)

    def write_final(self, label: str, number: int, *, lr: float) -> None:
        job = self.trial(label, lr=lr, config=seeded(self.config))
        self.write(job, MemberRole.FINAL, label, number, retain=0.77)

    def write(
        self,
        job: Job,
        role: MemberRole,
        label: str,
        number: int | None = None,
        *,
        retain: float,
        quality: float = -3.0,
    ) -> None:
        metrics = {"retain": retain, "log_forget_quality": quality}
        gold = self.gold.hash if role in (MemberRole.TRIAL, MemberRole.FINAL) else ""
        result = Result(job, State.DONE, "", metrics, {}, 2.0, (), 0.0, gold=gold)
        self.ledger.give(label, number, job.hash)
        self.ledger.end(job.hash, 2.0)
        self.storage.commit(result, self.storage.begin(job), self.sheet())
        params = {} if number is None else {"lr": job.training.lr, "l1": job.training.l1}
        seed = job.seed if role in (MemberRole.FINAL, MemberRole.GOLD_AGAIN) else None
        self.members.enter(
            Member(role=role, job=job.hash, label=label, number=number, seed=seed, params=params)
        )

    def sheet(self) -> ScoreSheet:
        return even_sheet(self.benchmark)

    def read(self) -> SweepRecord:
        return read_record(str(self.folder))


def seeded(config: SweepConfig) -> SweepConfig:
    return config.model_copy(update={"seed": config.seed + 1})


@pytest.fixture
def stored_sweep(tmp_path: Path) -> Callable[..., StoredSweep]:
    """Returns `sweep(*overrides)`: a sweep's folder with a config and no jobs; see `fill`."""
    return lambda *words: StoredSweep(tmp_path / "storage", *words)
