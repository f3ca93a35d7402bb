"""Every sweep in configs/ is valid as far as a machine without weights and network can tell."""

from pathlib import Path

import pytest
import torch
import yaml

from evals.building import build_benchmark
from evals.metric import Need, load_metric
from orchestrator.config.loading import load_config
from orchestrator.searching.settings import SearchSettings
from tests.fixtures.paths import CONFIGS, ROOT
from trainers.optimizer import L1AdamW

FILES = sorted(CONFIGS.glob("*.yaml"))
TEXTS = [file for file in FILES if not file.stem.startswith("vision")]
TEN = {"retain_ft", "ga", "gd", "kl", "idk", "dpo", "npo", "scrub", "llmu", "rmu"}
TOFU = ROOT / ".." / "shared" / "data" / "tofu"


def test_the_four_sweeps_are_here() -> None:
    assert {"demo", "tofu_tiny", "clear_text_llama2", "clear_text_mistral"} <= {
        file.stem for file in FILES
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sweep_loads_and_is_named_like_its_file(file: Path) -> None:
    assert load_config(str(file), []).name == file.stem


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.stem)
def test_a_sweep_tries_all_ten_methods(file: Path) -> None:
    assert set(load_config(str(file), []).methods) >= TEN


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sweep_loads_again_from_its_resolved_form(file: Path, tmp_path: Path) -> None:
    config = load_config(str(file), [])
    resolved = tmp_path / "config.yaml"
    resolved.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    assert load_config(str(resolved), []) == config


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_searching_needs_no_generation(file: Path) -> None:
    search = load_config(str(file), []).search
    for name in (search.objective, *search.constraints):
        assert Need.GENERATION not in load_metric(name).needs


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_layer_that_a_method_names_exists_in_the_model(file: Path) -> None:
    config = load_config(str(file), [])
    faces = config.model.name == "face_recogniser"
    depth = int(config.model.settings.get("num_layers", 1 if faces else 32))
    method = config.methods["rmu_clear_vision" if faces else "rmu"]
    assert 0 <= int(method.settings.get("layer", 0)) < depth


def test_the_demos_people_can_be_built() -> None:
    benchmark = build_benchmark(load_config(None, []).benchmark)
    assert set(benchmark.splits) >= {"full", "forget", "retain"}


def test_tofu_tinys_authors_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    if not TOFU.is_dir():
        pytest.skip("the folder shared/data/tofu is not beside the repository")
    monkeypatch.chdir(CONFIGS.parent)
    config = load_config(str(CONFIGS / "tofu_tiny.yaml"), [])
    authors = int(config.benchmark.settings["forget_authors"])
    assert len(build_benchmark(config.benchmark).splits["forget"]) == 20 * authors


@pytest.mark.parametrize("name", ["clear_text_llama2", "clear_text_mistral"])
def test_the_papers_recipe_is_kept(name: str) -> None:
    config = load_config(str(CONFIGS / f"{name}.yaml"), [])
    assert (config.adapter.rank, config.adapter.alpha) == (8, 32)
    assert config.adapter == config.baselines.adapter
    assert config.training == config.baselines.training
    recipe = config.training
    assert (recipe.lr, recipe.epochs, recipe.batch_size) == (1e-5, 5, 4)
    assert recipe.num_steps(400) == 500
    assert config.engine.dtype == "bf16"
    assert config.evaluation.max_items == 300
    assert config.evaluation.max_new_tokens == 200
    assert config.gang.ranks * config.gang.gpus_per_rank >= 4


def movement(l1: float) -> float:
    """How far weights that start at zero get by noisy gradients of one sign."""
    weights = torch.nn.Parameter(torch.zeros(64))
    optimizer = L1AdamW([{"params": [weights], "l1": l1, "weight_decay": 0.0}], lr=1e-3)
    noise = torch.Generator().manual_seed(0)
    for _ in range(50):
        weights.grad = 0.5 + torch.randn(64, generator=noise)
        optimizer.step()
    return float(weights.detach().abs().sum())


DEFAULT = SearchSettings().l1


@pytest.mark.parametrize("file", [*TEXTS, None], ids=lambda file: file.stem if file else "default")
def test_the_l1_range_reaches_from_no_effect_to_hardly_a_move(file: Path | None) -> None:
    interval = DEFAULT if file is None else load_config(str(file), []).search.l1
    assert interval is not None
    assert movement(interval.low) > 0.9 * movement(0.0)
    assert movement(interval.high) < 0.1 * movement(0.0)
