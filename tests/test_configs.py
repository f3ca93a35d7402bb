"""Every sweep in configs/ is valid as far as a machine without weights and network can tell."""

from pathlib import Path

import pytest
import yaml

from evals.building import build_benchmark
from evals.metric import Need, load_metric
from orchestrator.loading import load_config

FOLDER = Path(__file__).parents[1] / "configs"
FILES = sorted(FOLDER.glob("*.yaml"))
TEN = {"retain_ft", "ga", "gd", "kl", "idk", "dpo", "npo", "scrub", "llmu", "rmu"}
TOFU = Path(__file__).parents[1] / ".." / "shared" / "data" / "tofu"


def test_the_four_sweeps_are_here() -> None:
    assert {"demo", "tofu_tiny", "clear_text_llama2", "clear_text_mistral"} <= {
        file.stem for file in FILES
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sweep_loads_and_is_named_like_its_file(file: Path) -> None:
    assert load_config(str(file), []).name == file.stem


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
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
    needs = load_metric(search.objective).needs | load_metric(search.floor.metric).needs
    assert Need.GENERATION not in needs


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_layer_that_a_method_names_exists_in_the_model(file: Path) -> None:
    config = load_config(str(file), [])
    depth = int(config.model.settings.get("num_layers", 32))
    assert 0 <= int(config.methods["rmu"].settings["layer"]) < depth


def test_the_demos_people_can_be_built() -> None:
    benchmark = build_benchmark(load_config(None, []).benchmark)
    assert set(benchmark.splits) >= {"full", "forget", "retain"}


def test_tofu_tinys_authors_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    if not TOFU.is_dir():
        pytest.skip("the folder shared/data/tofu is not beside the repository")
    monkeypatch.chdir(FOLDER.parent)
    config = load_config(str(FOLDER / "tofu_tiny.yaml"), [])
    authors = int(config.benchmark.settings["forget_authors"])
    assert len(build_benchmark(config.benchmark).splits["forget"]) == 20 * authors


@pytest.mark.parametrize("name", ["clear_text_llama2", "clear_text_mistral"])
def test_the_papers_recipe_is_kept(name: str) -> None:
    config = load_config(str(FOLDER / f"{name}.yaml"), [])
    assert (config.adapter.rank, config.adapter.alpha) == (8, 32)
    assert config.adapter == config.baselines.adapter
    assert config.training == config.baselines.training
    recipe = config.training
    assert (recipe.lr, recipe.epochs, recipe.batch_size) == (1e-5, 5, 4)
    assert recipe.num_steps(400) == 500
    assert config.engine.dtype == "bf16"
    assert config.evaluation.max_items == 300
    assert config.gang.ranks * config.gang.gpus_per_rank >= 4
