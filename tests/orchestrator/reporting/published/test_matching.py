import pytest

from evals import plugins
from orchestrator.config.loading import load_config
from orchestrator.config.method_settings import METHODS
from orchestrator.reporting.published.matching import (
    CONSTANTS,
    NAMES,
    differences,
    method_differences,
    mismatches,
    published_row,
    published_rows,
)
from orchestrator.reporting.published.table_1 import LLAMA, MISTRAL
from tests.fixtures.paths import CONFIGS

LLAMA_CONFIG = str(CONFIGS / "clear_text_llama2.yaml")


def test_the_papers_own_recipes_have_the_setting_and_differ_in_nothing():
    for file, rows in (("clear_text_llama2", LLAMA), ("clear_text_mistral", MISTRAL)):
        config = load_config(str(CONFIGS / f"{file}.yaml"), [])
        assert published_rows(config) is rows
        assert mismatches(config) == ()
        assert differences(config) == ()


@pytest.mark.parametrize("file", [None, str(CONFIGS / "tofu_tiny.yaml")])
def test_the_demo_and_a_tiny_tofu_have_another_setting(file):
    config = load_config(file, [])
    assert published_rows(config) is None
    assert mismatches(config)


def test_a_mismatch_says_what_is_not_the_same():
    assert mismatches(load_config(None, [])) == ("the benchmark is characters, not TOFU",)
    said = mismatches(load_config(str(CONFIGS / "tofu_tiny.yaml"), []))
    assert "benchmark.forget_authors is 4, not null" in said
    assert any(line.startswith("the model is tiny_llama, none of llama-2-7b-chat") for line in said)


@pytest.mark.parametrize(
    "override",
    [
        "benchmark.forget=forget05",
        "benchmark.retain_authors=20",
        "benchmark.train_world=true",
        "evaluation.max_items=100",
        "model.path=mistralai/Mistral-7B-v0.1",
        "model.path=unsloth/Llama-3-8b",
    ],
)
def test_another_split_model_or_number_of_items_is_another_setting(override):
    assert published_rows(load_config(LLAMA_CONFIG, [override])) is None


@pytest.mark.parametrize(
    "path",
    ["meta-llama/Llama-2-7b-chat-hf", "NousResearch/Llama-2-7b-chat-hf", "/m/llama-2-7b-chat"],
)
def test_a_copy_of_the_model_is_the_same_model(path):
    assert published_rows(load_config(LLAMA_CONFIG, [f"model.path={path}"])) is LLAMA


def test_another_recipe_is_told():
    words = ["baselines.training.lr=1e-4", "training.epochs=3", "baselines.adapter=null"]
    assert differences(load_config(LLAMA_CONFIG, words)) == (
        "baselines.training.lr 0.0001 here, 1e-05 there",
        "training.epochs 3 here, 5 there",
        "baselines.adapter null here, rank 8 there",
    )
    elsewhere = load_config(LLAMA_CONFIG, ["benchmark.path=some/TOFU"])
    assert differences(elsewhere) == ("data of some/TOFU here, locuslab/TOFU there",)


def test_a_method_and_the_one_that_follows_its_published_code_have_the_same_row():
    words = ["methods=[npo, npo_clear_repo, simnpo, gd_kl_clear_repo]"]
    methods = load_config(LLAMA_CONFIG, words).methods
    assert published_row(methods["npo"], LLAMA) == LLAMA["NPO"]
    assert published_row(methods["npo_clear_repo"], LLAMA) == LLAMA["NPO"]
    assert published_row(methods["simnpo"], LLAMA) is None
    assert published_row(methods["gd_kl_clear_repo"], LLAMA) is None


def test_it_is_the_method_that_is_matched_and_not_its_label():
    methods = load_config(LLAMA_CONFIG, ["methods.ga={method: rmu}"]).methods
    assert published_row(methods["ga"], LLAMA) == LLAMA["RMU"]


def test_what_a_method_has_otherwise_is_told():
    methods = load_config(LLAMA_CONFIG, []).methods
    assert method_differences(methods["gd"]) == ()
    assert method_differences(methods["npo"]) == (
        "the published code does what is npo_clear_repo here",
    )
    words = ["methods.npo_clear_repo={}", "methods.gd.alpha=2", "methods.kl={}"]
    other = load_config(
        LLAMA_CONFIG, [*words, "methods.mine={method: kl, search: {alpha: default}}"]
    )
    assert method_differences(other.methods["gd"]) == ("alpha 2 here, 1 there",)
    assert method_differences(other.methods["mine"]) == ("alpha searched here, 1 there",)
    formula = method_differences(other.methods["npo_clear_repo"])
    assert formula == ("formula ratio here, log_ratio there",)


def test_every_name_in_the_data_is_a_methods_and_every_constant_one_of_its_hyperparameters():
    known = plugins.names(METHODS)
    assert set(NAMES) <= set(known)
    assert set(NAMES.values()) == set(LLAMA)
    for name, constants in CONSTANTS.items():
        fields = plugins.load(METHODS, name, key="name").Config.model_fields
        assert set(constants) <= set(fields)
