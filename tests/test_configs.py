"""Every sweep in configs/ is valid as far as a machine without weights and network can tell."""

from pathlib import Path

import pytest
import torch
import yaml
from transformers import LlamaConfig, ResNetConfig, ResNetForImageClassification

from evals.building import build_benchmark
from evals.metric import Need, load_metric
from orchestrator.config.loading import load_config
from orchestrator.planning.memory import GIB, job_memory, kinds_of
from orchestrator.planning.model_check import check_model_for
from orchestrator.planning.model_sizes import sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.reporting.tables.pairs import l1_pairs
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.records import Storage
from tests.fixtures.clear import clear_names, write_clear
from tests.fixtures.paths import CONFIGS, ROOT
from trainers.optimizer import L1AdamW

FILES = sorted(CONFIGS.glob("*.yaml"))
TEXTS = [file for file in FILES if "vision" not in file.stem]
OPEN_UNLEARNING = [file for file in TEXTS if file.stem.startswith("tofu_forget")]
PRETRAINED = CONFIGS / "tofu_smollm2.yaml"
WHOLE = [
    file
    for file in TEXTS
    if "modalities" not in file.stem
    and file not in (CONFIGS / "demo.yaml", PRETRAINED, *OPEN_UNLEARNING)
]
"""Those that are not of a few methods: to show what comes of them, what is forgotten, a recipe."""
TEN = {"retain_ft", "ga", "gd", "kl", "idk", "dpo", "npo", "scrub", "llmu", "rmu"}
VISION = {
    *("retain_ft", "gd", "scrub_clear_vision", "scrubbio", "llmu_clear_vision"),
    *("rmu_clear_vision", "dpo_clear_vision", "twins"),
}
TOFU = ROOT / ".." / "shared" / "data" / "tofu"


def test_the_four_sweeps_are_here() -> None:
    assert {"demo", "tofu_tiny", "clear_text_llama2", "clear_text_mistral"} <= {
        file.stem for file in FILES
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sweep_loads_and_is_named_like_its_file(file: Path) -> None:
    assert load_config(str(file), []).name == file.stem


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.stem)
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
    depth = int(config.model.settings.get("num_layers", 1 if faces else 28))
    for method in config.methods.values():
        assert 0 <= int(method.settings.get("layer", 0)) < depth


def test_the_demos_people_can_be_built() -> None:
    benchmark = build_benchmark(load_config(None, []).benchmark)
    assert set(benchmark.splits) >= {"full", "forget", "retain"}


@pytest.mark.parametrize(("name", "forget", "retain"), [("tiny", 80, 380), ("smollm2", 40, 80)])
def test_the_small_sweeps_of_tofu_find_their_authors(
    name: str, forget: int, retain: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not TOFU.is_dir():
        pytest.skip("the folder shared/data/tofu is not beside the repository")
    monkeypatch.chdir(CONFIGS.parent)
    splits = build_benchmark(load_config(str(CONFIGS / f"tofu_{name}.yaml"), []).benchmark).splits
    assert (len(splits["forget"]), len(splits["retain"])) == (forget, retain)


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


@pytest.mark.parametrize("file", OPEN_UNLEARNING, ids=lambda file: file.stem)
def test_open_unlearnings_recipe_is_kept(file: Path) -> None:
    config = load_config(str(file), [])
    forget, _, _ = file.stem.removeprefix("tofu_").partition("_")
    assert config.benchmark.settings["forget"] == forget
    assert (config.adapter, config.baselines.adapter) == (None, None)
    for recipe, epochs in ((config.baselines.training, 5), (config.training, 10)):
        assert (recipe.lr, recipe.epochs, recipe.batch_size) == (1e-5, epochs, 32)
        assert (recipe.weight_decay, recipe.warmup_epochs, recipe.l1) == (0.01, 1, 0)
    for label in config.methods:
        assert set(config.space(label)) == {"lr"}
        assert config.space(label)["lr"].holds(config.search.first[0]["lr"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "overrides", "gib"),
    [
        ((2048, 8192, 16, 32, True), [], 24),
        ((3072, 8192, 28, 24, True), [], 48),
        ((4096, 14336, 32, 32, False), ["gang.ranks=4"], 80),
    ],
    ids=["1B", "3B", "8B"],
)
def test_open_unlearnings_models_fit_their_gpus(
    shape: tuple[int, int, int, int, bool], overrides: list[str], gib: int, tmp_path: Path
) -> None:
    hidden, inner, layers, heads, tied = shape
    LlamaConfig(
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=8,
        vocab_size=128256,
        tie_word_embeddings=tied,
        dtype="bfloat16",
    ).save_pretrained(tmp_path)
    words = [f"model.path={tmp_path}", *overrides]
    config = load_config(str(CONFIGS / "tofu_forget10_llama32_1b.yaml"), words)
    people = build_benchmark(load_config(None, []).benchmark)
    found = plan(config, people, storage=Storage(tmp_path / "runs"))
    peaks = [
        max(moment.total for moment in job_memory(kind, found).moments)
        for kind in kinds_of(found, sweep_sizes(found))
    ]
    assert len(peaks) == 2
    assert 0.6 * gib < max(peaks) / GIB < 0.85 * gib


def test_two_ranks_of_smollm2_fit_a_desktop(tmp_path: Path) -> None:
    LlamaConfig(
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        vocab_size=49152,
        tie_word_embeddings=True,
        dtype="bfloat16",
    ).save_pretrained(tmp_path)
    config = load_config(str(PRETRAINED), [f"model.path={tmp_path}"])
    people = build_benchmark(load_config(None, []).benchmark)
    found = plan(config, people, storage=Storage(tmp_path / "runs"))
    peaks = [
        max(moment.total for moment in job_memory(kind, found).moments) / GIB
        for kind in kinds_of(found, sweep_sizes(found))
    ]
    weights_gradients_and_moments = 4 * 4 * 134_515_008 / GIB
    assert weights_gradients_and_moments < max(peaks) < 4


@pytest.fixture
def clear_in_small(tmp_path: Path) -> list[str]:
    """Returns overrides for a table like CLEAR's and a ResNet of few channels."""
    people = write_clear(tmp_path / "clear", clear_names() * 7)
    shape = ResNetConfig(
        embedding_size=4, hidden_sizes=[4, 6, 8, 12], depths=[2, 2, 2, 2], layer_type="basic"
    )
    ResNetForImageClassification(shape).save_pretrained(tmp_path / "resnet")
    return [
        f"benchmark.path={people}",
        "benchmark.cache=null",
        "benchmark.size=16",
        f"model.path={tmp_path / 'resnet'}",
    ]


def test_clears_vision_sweep_can_be_planned_with_data_and_a_network_like_its_own(
    clear_in_small: list[str], tmp_path: Path
) -> None:
    config = load_config(str(CONFIGS / "clear_vision_resnet18.yaml"), clear_in_small)
    benchmark = build_benchmark(config.benchmark)
    found = plan(config, benchmark, storage=Storage(tmp_path / "runs"))
    check_model_for(found)
    assert {method.method for method in found.methods} == VISION
    steps = {method.label: method.num_steps for method in found.methods}
    # 140 rows of twenty people, in batches of 256.
    assert (steps["dpo_clear_vision"], steps["sparsity"], steps["twins"]) == (3, 9, 28)
    assert [each.num_steps for each in found.baselines] == [55, 44]


def test_clears_vision_recipe_is_kept() -> None:
    config = load_config(str(CONFIGS / "clear_vision_resnet18.yaml"), [])
    recipe = config.baselines.training
    assert (recipe.optimizer, recipe.lr, recipe.momentum) == ("sgd", 0.1, 0.9)
    assert (recipe.epochs, recipe.batch_size, recipe.weight_decay) == (20, 256, 5e-5)
    assert recipe.schedule == "clear_vision"
    sparsity = config.recipe("sparsity")
    assert (sparsity.l1, sparsity.l1_towards) == (1e-4, "zero")
    assert config.methods["llmu_clear_vision"].settings["bad"] == 0.02
    for label, method in config.methods.items():
        (first,) = method.first
        assert config.space(label)["lr"].holds(first["lr"])


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


@pytest.mark.parametrize(
    "file",
    [*(file for file in TEXTS if file not in (PRETRAINED, *OPEN_UNLEARNING)), None],
    ids=lambda file: file.stem if file else "default",
)
def test_the_l1_range_reaches_from_no_effect_to_hardly_a_move(file: Path | None) -> None:
    interval = DEFAULT if file is None else load_config(str(file), []).search.l1
    assert interval is not None
    assert movement(interval.low) > 0.9 * movement(0.0)
    assert movement(interval.high) < 0.1 * movement(0.0)


@pytest.mark.parametrize("name", ["clear_l1_ablation", "l1_ablation_tiny"])
@pytest.mark.parametrize("overrides", [[], ["adapter=null"]], ids=["adapter", "all"])
def test_every_method_of_the_l1_ablation_has_its_pair(name: str, overrides: list[str]) -> None:
    pairs = l1_pairs(load_config(str(CONFIGS / f"{name}.yaml"), overrides))
    assert {pair.method for pair in pairs} == TEN
    assert len(pairs) == len(TEN)
