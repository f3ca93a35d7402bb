import pytest

from evals import plugins
from orchestrator.config.loading import load_config
from orchestrator.config.method_settings import METHODS
from orchestrator.reporting.published.table_2 import RESNET
from orchestrator.reporting.published.vision_matching import (
    CONSTANTS,
    NAMES,
    differences,
    method_differences,
    mismatches,
    published_row,
    published_rows,
)
from tests.fixtures.paths import CONFIGS

CLEAR = str(CONFIGS / "clear_vision_resnet18.yaml")


def test_the_papers_own_recipe_has_the_setting_but_for_splits_and_pretraining():
    config = load_config(CLEAR, [])
    assert published_rows(config) is RESNET
    assert differences(config) == (
        "split 0 alone here, all 128 there",
        "a network that was taught 1000 celebrities before there",
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("benchmark.forget=forget05", "benchmark.forget is forget05, not forget10"),
        ("benchmark.enrolled=3", "benchmark.enrolled is 3, not 5"),
        ("model.path=microsoft/resnet-50", "the model is microsoft/resnet-50, not resnet-18"),
        ("model.path=null", "the model is face_recogniser, not resnet-18"),
    ],
)
def test_other_people_or_another_network_are_another_setting(override, said):
    config = load_config(CLEAR, [override])
    assert mismatches(config) == (said,)
    assert published_rows(config) is None


def test_drawn_people_are_another_benchmark():
    config = load_config(str(CONFIGS / "vision_tiny.yaml"), [])
    assert mismatches(config) == ("the benchmark is portraits, not clear_faces",)


def test_another_recipe_is_told():
    words = ["model.margin=0.3", "baselines.training.epochs=5", "benchmark.path=some/CLEAR"]
    said = differences(load_config(CLEAR, words))
    assert said[:2] == (
        "model.margin 0.3 here, 0.4 there",
        "baselines.training.epochs 5 here, 20 there",
    )
    assert said[-1] == "data of some/CLEAR here, therem/CLEAR there"


def test_every_published_method_has_its_row_and_nothing_else_has_one():
    methods = load_config(CLEAR, []).methods
    found = {label: published_row(method, RESNET) for label, method in methods.items()}
    assert found["sparsity"] == RESNET["Sparsity"]
    assert found["retain_ft"] == RESNET["Retain FT"]
    assert found["neggrad"] is None
    rows = [RESNET[name] for name in RESNET if name not in ("Original", "Gold")]
    assert sorted(filter(None, found.values())) == sorted(rows)
    other = load_config(CLEAR, ["methods.sparsity.training.l1=0.1"]).methods["sparsity"]
    assert published_row(other, RESNET) is None


def test_what_a_method_has_otherwise_is_told():
    words = [
        "methods={twins: {alpha: 1.0}, scrub: {}, llmu_clear_vision: {search: {bad: default}}}"
    ]
    methods = load_config(str(CONFIGS / "vision_tiny.yaml"), words).methods
    assert method_differences(methods["twins"]) == ("alpha 1 here, 0 there",)
    assert method_differences(methods["scrub"]) == (
        "the published code does what is scrub_clear_vision here",
    )
    assert method_differences(methods["llmu_clear_vision"]) == ("bad searched here, 0.02 there",)


def test_every_name_in_the_data_is_a_methods_and_every_constant_one_of_its_hyperparameters():
    known = plugins.names(METHODS)
    assert set(NAMES) <= set(known)
    assert {*NAMES.values(), "Sparsity", "Original", "Gold"} == set(RESNET)
    for name, constants in CONSTANTS.items():
        fields = plugins.load(METHODS, name, key="name").Config.model_fields
        assert set(constants) <= set(fields)
