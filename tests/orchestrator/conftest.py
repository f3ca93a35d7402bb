"""Sweeps without any training: of a large model, and one whose results were made up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from evals.benchmark import Benchmark, Role
from evals.text.example import Example, Probability, Task
from evals.validation import validated
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.storage import project_folder
from tests.fixtures.stored_sweep import StoredSweep


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the code takes for its checkout, in which the default storage lies."""
    folder = tmp_path / "checkout"
    monkeypatch.setattr(project_folder, "project_folder", lambda: folder)
    return folder


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


@pytest.fixture
def stored_sweep(tmp_path: Path) -> Callable[..., StoredSweep]:
    """Returns `sweep(*overrides)`: a sweep's folder with a config and no jobs; see `fill`."""
    return lambda *words: StoredSweep(tmp_path / "storage", *words)
