"""Two small saved models and an adapter, to be judged."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from evals.building import build_benchmark
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from trainers.adapters import add_adapter, save_adapter
from trainers.family import build_family
from trainers.settings import AdapterSettings

WORDS = (
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=16",
    "model.intermediate_size=16",
    "model.num_layers=1",
    "model.num_heads=2",
    "methods=[ga]",
    "evaluation.max_items=3",
)


@dataclass(frozen=True)
class Saved:
    """Folders of two models and of an adapter on the first one."""

    one: Path
    other: Path
    adapter: Path


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Saved:
    folder = tmp_path_factory.mktemp("saved")
    config = load_config(None, list(WORDS))
    benchmark = build_benchmark(config.benchmark)
    found = Saved(folder / "one", folder / "other", folder / "worn")
    for seed, place in enumerate((found.one, found.other)):
        build_family(config.model).load(benchmark=benchmark, checkpoint=None, seed=seed).save(place)
    base = build_family(config.model).load(benchmark=benchmark, checkpoint=found.one, seed=0)
    worn = add_adapter(base.model, AdapterSettings(rank=2), seed=0)
    worn.peft_config["default"].base_model_name_or_path = str(found.one)
    state = {
        name: torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
        for name, value in worn.named_parameters()
        if ".lora_" in name
    }
    save_adapter(state, worn.peft_config["default"], found.adapter)
    return found


@pytest.fixture
def config(tmp_path) -> SweepConfig:
    return load_config(None, [f"storage={tmp_path / 'runs'}", *WORDS])
